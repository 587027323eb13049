"""
An app's S3 buckets, in LocalStack.

CloudFormation and S3 write the same rules with different names; what is not translated here is listed by
`local.assembly.coverage`.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from local.assembly import Resolver, Resource, Site

LONGEST_NAME = 63


def provision_buckets(s3: Any, resolver: Resolver, know: Callable[[Resource, Mapping[str, Any]], None]) -> None:
    """Makes those that are not there yet, and tells `know` about each."""
    region = resolver.site.region
    for resource in resolver.assembly.resources("AWS::S3::Bucket"):
        properties = resolver.properties(resource)
        name = properties.get("BucketName") or bucket_name(resource)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, **place)
        _configure(s3, name, properties)
        know(resource, _attributes(resolver.site, name))


def _attributes(site: Site, name: str) -> dict[str, str]:
    return {
        "Ref": name,
        "Arn": f"arn:{site.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{site.url_suffix}",
        "RegionalDomainName": f"{name}.s3.{site.region}.{site.url_suffix}",
    }


def provision_bucket_policies(s3: Any, resolver: Resolver) -> None:
    """After everything that they may name."""
    for resource in resolver.assembly.resources("AWS::S3::BucketPolicy"):
        properties = resolver.properties(resource, "Bucket", "PolicyDocument")
        s3.put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))


def bucket_name(resource: Resource) -> str:
    """For a bucket that the template leaves without a name: lower case, and the end, which tells it from others."""
    return f"{resource.stack}-{resource.logical_id}".lower()[-LONGEST_NAME:].lstrip("-")


def cors_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"Id": "ID", "ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {names.get(name, name): value for name, value in rule.items()}


def encryption_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    translated = {name: value for name, value in rule.items() if name == "BucketKeyEnabled"}
    if default := rule.get("ServerSideEncryptionByDefault"):
        translated["ApplyServerSideEncryptionByDefault"] = default
    return translated


def lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    same = ("Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    translated = {name: rule[name] for name in same if name in rule}
    if "Id" in rule:
        translated["ID"] = rule["Id"]
    names = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    if expiration := {names[name]: rule[name] for name in names if name in rule}:
        translated["Expiration"] = expiration
    if "Transitions" in rule:
        translated["Transitions"] = [
            {"StorageClass": transition["StorageClass"], "Days": transition["TransitionInDays"]}
            for transition in rule["Transitions"]
        ]
    return translated | {"Filter": _filter(rule.get("Prefix"), rule.get("TagFilters", ()))}


def _filter(prefix: str | None, tags: Any) -> dict[str, Any]:
    """One condition stands alone, several stand in an `And`, none is the empty prefix."""
    if not tags:
        return {"Prefix": prefix or ""}
    if prefix is None and len(tags) == 1:
        return {"Tag": tags[0]}
    return {"And": ({} if prefix is None else {"Prefix": prefix}) | {"Tags": list(tags)}}


def _configure(s3: Any, name: str, properties: Mapping[str, Any]) -> None:
    if cors := properties.get("CorsConfiguration"):
        rules = [cors_rule(rule) for rule in cors["CorsRules"]]
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    if encryption := properties.get("BucketEncryption"):
        rules = [encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if versioning := properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    if block := properties.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    if ownership := properties.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
