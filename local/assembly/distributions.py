"""Distributions of CloudFront before the app's own buckets and APIs; what else there is of them is refused by name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from local.assembly.attributes import HOST, distribution_id
from local.assembly.intrinsics import Resolver, Unresolvable
from local.assembly.templates import Resource
from local.model import AddedHeader, ApiOrigin, Behavior, BucketOrigin, Distribution, ErrorPage

CACHED = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": True,  # CachingOptimized
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": False,  # CachingDisabled
}
"""Managed cache policies, and whether CloudFront compresses what it keeps by them. None of them names headers."""
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""The managed origin request policy AllViewerExceptHostHeader."""
READS = frozenset({"GET", "HEAD"})
_BUCKET = re.compile(r"(?P<name>.+)\.s3[.-].*amazonaws\.com(?:\.cn)?$")
_API = re.compile(r"(?P<id>[a-z0-9]+)\.execute-api\.")
type Origin = BucketOrigin | ApiOrigin


def distributions(resolver: Resolver, *, apis: Mapping[str, int], ports: Mapping[str, int]) -> tuple[Distribution, ...]:
    """
    All that are enabled. `apis`: port by id; `ports`: by the distribution's logical id.

    Raises:
        Unresolvable: one has an origin that is not of this app, or a policy that is not imitated.
    """
    return tuple(
        _distribution(resolver, resource, apis, ports[resource.logical_id])
        for resource in resolver.assembly.resources("AWS::CloudFront::Distribution")
    )


def _distribution(resolver: Resolver, resource: Resource, apis: Mapping[str, int], port: int) -> Distribution:
    config = resolver.properties(resource, "DistributionConfig")["DistributionConfig"]
    origins = {each["Id"]: _origin(resolver, resource, each, apis) for each in config["Origins"]}
    behaviors = [*config.get("CacheBehaviors", ()), config["DefaultCacheBehavior"]]
    return Distribution(
        logical_id=resource.logical_id,
        distribution_id=distribution_id(resource),
        port=port,
        root=config.get("DefaultRootObject", ""),
        behaviors=tuple(_behavior(resolver, resource, each, origins) for each in behaviors),
        error_pages={
            int(each["ErrorCode"]): ErrorPage(
                path=each["ResponsePagePath"], status=int(each.get("ResponseCode", each["ErrorCode"]))
            )
            for each in config.get("CustomErrorResponses", ())
            if "ResponsePagePath" in each
        },
    )


def _origin(resolver: Resolver, resource: Resource, origin: Mapping[str, Any], apis: Mapping[str, int]) -> Origin:
    """Nobody is asked here who is not of this app."""
    host, path = origin["DomainName"], origin.get("OriginPath", "")
    if (port := _api_port(host, apis)) is not None:
        headers = {each["HeaderName"].lower(): each["HeaderValue"] for each in origin.get("OriginCustomHeaders", ())}
        return ApiOrigin(port=port, path=path, headers=headers)
    if (found := _BUCKET.match(host)) and "CustomOriginConfig" not in origin:
        actions = list(_granted(resolver, found["name"], distribution_id(resource)))
        signed = bool(origin.get("OriginAccessControlId"))
        readable, listable = (
            signed and any(fnmatchcase(action, pattern) for pattern in actions)
            for action in ("s3:GetObject", "s3:ListBucket")
        )
        return BucketOrigin(bucket=found["name"], path=path, readable=readable, listable=listable)
    raise Unresolvable(f"{resource}: the origin {host} is none of this app, or not signed to")


def _api_port(host: str, apis: Mapping[str, int]) -> int | None:
    """Of the API at this address: AWS's, or ours already where the template takes it from a whole URL."""
    if found := _API.match(host):
        return apis.get(found["id"])
    return next((port for port in apis.values() if host == f"{HOST}:{port}"), None)


def _granted(resolver: Resolver, bucket: str, distribution: str) -> Iterator[str]:
    """What policies of the bucket let the distribution do with it."""
    for policy in resolver.assembly.resources("AWS::S3::BucketPolicy"):
        properties = resolver.properties(policy)
        if properties["Bucket"] != bucket:
            continue
        for statement in properties["PolicyDocument"]["Statement"]:
            principal = statement.get("Principal")
            service = principal.get("Service") if isinstance(principal, Mapping) else None
            source = str(statement.get("Condition", {}).get("StringEquals", {}).get("AWS:SourceArn", ""))
            if (
                statement["Effect"] == "Allow"
                and "cloudfront.amazonaws.com" in _listed(service)
                and source.endswith(f":distribution/{distribution}")
            ):
                yield from _listed(statement["Action"])


def _behavior(
    resolver: Resolver, resource: Resource, behavior: Mapping[str, Any], origins: Mapping[str, Origin]
) -> Behavior:
    cache = behavior.get("CachePolicyId")
    if cache not in CACHED:
        raise Unresolvable(f"{resource}: the cache policy {cache} is not imitated")
    request = behavior.get("OriginRequestPolicyId")
    if request not in {None, ALL_BUT_HOST}:
        raise Unresolvable(f"{resource}: the origin request policy {request} is not imitated")
    policy = _headers_policy(resolver, resource, behavior.get("ResponseHeadersPolicyId"))
    removed = policy.get("RemoveHeadersConfig", {}).get("Items", ())
    return Behavior(
        pattern=behavior.get("PathPattern", "*"),
        origin=origins[behavior["TargetOriginId"]],
        methods=frozenset(behavior.get("AllowedMethods", READS)),
        forwards=request == ALL_BUT_HOST,
        compress=CACHED[cache] and bool(behavior.get("Compress", False)),
        added=tuple(_added(policy)),
        removed=frozenset(each["Header"].lower() for each in removed),
    )


def _headers_policy(resolver: Resolver, resource: Resource, identity: str | None) -> Mapping[str, Any]:
    if identity is None:
        return {}
    policy = resolver.assembly.stacks[resource.stack].resources.get(identity)
    if policy is None:
        raise Unresolvable(f"{resource}: the response headers policy {identity} is not imitated")
    name = "ResponseHeadersPolicyConfig"
    return dict(resolver.properties(policy, name)[name])


def _added(policy: Mapping[str, Any]) -> Iterator[AddedHeader]:
    for kind, part in policy.get("SecurityHeadersConfig", {}).items():
        name, value = _SECURITY_HEADERS[kind]
        yield AddedHeader(name=name, value=value(part), override=bool(part["Override"]))
    for item in policy.get("CustomHeadersConfig", {}).get("Items", ()):
        yield AddedHeader(name=item["Header"].lower(), value=item["Value"], override=bool(item["Override"]))


def _transport_security(part: Mapping[str, Any]) -> str:
    words = [f"max-age={part['AccessControlMaxAgeSec']}"]
    words += ["includeSubDomains"] * bool(part.get("IncludeSubdomains")) + ["preload"] * bool(part.get("Preload"))
    return "; ".join(words)


def _xss_protection(part: Mapping[str, Any]) -> str:
    words = [str(int(bool(part["Protection"])))] + ["mode=block"] * bool(part.get("ModeBlock"))
    words += [f"report={part['ReportUri']}"] if "ReportUri" in part else []
    return "; ".join(words)


type Value = Callable[[Mapping[str, Any]], str]
_SECURITY_HEADERS: Mapping[str, tuple[str, Value]] = {
    "ContentTypeOptions": ("x-content-type-options", lambda _: "nosniff"),
    "ContentSecurityPolicy": ("content-security-policy", lambda part: str(part["ContentSecurityPolicy"])),
    "FrameOptions": ("x-frame-options", lambda part: str(part["FrameOption"])),
    "ReferrerPolicy": ("referrer-policy", lambda part: str(part["ReferrerPolicy"])),
    "StrictTransportSecurity": ("strict-transport-security", _transport_security),
    "XSSProtection": ("x-xss-protection", _xss_protection),
}


def _listed(value: Any) -> Sequence[Any]:
    return () if value is None else value if isinstance(value, list) else [value]
