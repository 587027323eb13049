"""What `Ref` and `Fn::GetAtt` give for each type of resource, and how AWS's addresses are rewritten to ours."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.assembly.custom import is_provided
from local.assembly.intrinsics import Resolver, Site, Unresolvable
from local.assembly.templates import Resource

type Rule = Callable[[Resolver, Resource], Any]
type Known = Mapping[tuple[str, str], Mapping[str, Any]]
"""Attributes of resources that exist somewhere with ids of their own: (stack, logical id) -> name -> value."""


def named(*properties: str) -> Rule:
    """The first of these properties that the template states; else a name made of stack and logical id."""

    def rule(resolver: Resolver, resource: Resource) -> str:
        stated = resolver.properties(resource, *properties)
        return next((str(value) for value in stated.values()), f"{resource.stack}-{resource.logical_id}")

    return rule


def arn(service: str, pattern: str, name: Rule) -> Rule:
    def rule(resolver: Resolver, resource: Resource) -> str:
        site = resolver.site
        return f"arn:{site.partition}:{service}:{site.region}:{site.account}:" + pattern.format(
            name(resolver, resource)
        )

    return rule


def api_id(resource: Resource) -> str:
    """Ten lower-case characters as API Gateway's, the same in every run."""
    return hashlib.sha256(f"{resource.stack}/{resource.logical_id}".encode()).hexdigest()[:10]


def distribution_id(resource: Resource) -> str:
    """Fourteen characters as CloudFront's, the same in every run."""
    return "E" + hashlib.sha256(f"{resource.stack}/{resource.logical_id}".encode()).hexdigest()[:13].upper()


def distribution_name(resource: Resource) -> str:
    """As CloudFront would call it."""
    return f"d{distribution_id(resource)[1:].lower()}.cloudfront.net"


def function_arn(resolver: Resolver, name: str) -> str:
    """Of a function that is referred to by its name or its ARN."""
    site = resolver.site
    if name.startswith("arn:"):
        return name
    return f"arn:{site.partition}:lambda:{site.region}:{site.account}:function:{name}"


def _function_of(resolver: Resolver, version_or_alias: Resource) -> str:
    """Versions and aliases lead to the one function that runs here."""
    return function_arn(resolver, resolver.properties(version_or_alias, "FunctionName")["FunctionName"])


def _in_group(resolver: Resolver, schedule: Resource) -> str:
    group = resolver.properties(schedule, "GroupName").get("GroupName", "default")
    return f"{group}/{named('Name')(resolver, schedule)}"


def logical_id(_: Resolver, resource: Resource) -> str:
    return resource.logical_id


FUNCTION = named("FunctionName")
_ALARM = {"Ref": named("AlarmName"), "Arn": arn("cloudwatch", "alarm:{}", named("AlarmName"))}
TABLE: Mapping[str, Mapping[str, Rule]] = {
    "AWS::Lambda::Function": {"Ref": FUNCTION, "Arn": arn("lambda", "function:{}", FUNCTION)},
    "AWS::Lambda::Version": {"Ref": _function_of},
    "AWS::Lambda::Alias": {"Ref": _function_of},
    "AWS::ApiGatewayV2::Api": {
        "Ref": lambda _, resource: api_id(resource),
        "ApiId": lambda _, resource: api_id(resource),
        "ApiEndpoint": lambda resolver, resource: resolver.rewrite(
            ("wss" if resource.properties.get("ProtocolType") == "WEBSOCKET" else "https")
            + f"://{api_id(resource)}.execute-api.{resolver.site.region}.{resolver.site.url_suffix}"
        ),
    },
    "AWS::ApiGatewayV2::Stage": {"Ref": named("StageName")},
    "AWS::ApiGatewayV2::Integration": {"Ref": logical_id},
    "AWS::ApiGatewayV2::Authorizer": {"Ref": logical_id},
    "AWS::ApiGatewayV2::Route": {"Ref": logical_id},
    "AWS::MSK::Cluster": {
        "Ref": arn("kafka", "cluster/{}/local", named("ClusterName")),
        "Arn": arn("kafka", "cluster/{}/local", named("ClusterName")),
    },
    "AWS::Cassandra::Keyspace": {"Ref": named("KeyspaceName")},
    "AWS::Cassandra::Table": {"Ref": named("TableName")},
    "AWS::ElastiCache::User": {"Ref": named("UserId")},
    "AWS::ElastiCache::UserGroup": {"Ref": named("UserGroupId")},
    "AWS::ElastiCache::ServerlessCache": {
        "Ref": named("ServerlessCacheName"),
        "ARN": arn("elasticache", "serverlesscache:{}", named("ServerlessCacheName")),
    },
    "AWS::RDS::DBCluster": {"Ref": named("DBClusterIdentifier")},
    "AWS::RDS::DBProxy": {"Ref": named("DBProxyName")},
    "AWS::SecretsManager::SecretTargetAttachment": {
        "Ref": lambda resolver, resource: resolver.properties(resource, "SecretId")["SecretId"]
    },
    "AWS::Logs::LogGroup": {
        "Ref": named("LogGroupName"),
        "Arn": arn("logs", "log-group:{}:*", named("LogGroupName")),
    },
    "AWS::Events::Rule": {"Ref": named("Name"), "Arn": arn("events", "rule/{}", named("Name"))},
    "AWS::Scheduler::Schedule": {"Ref": named("Name"), "Arn": arn("scheduler", "schedule/{}", _in_group)},
    "AWS::Scheduler::ScheduleGroup": {
        "Ref": named("Name"),
        "Arn": arn("scheduler", "schedule-group/{}", named("Name")),
    },
    "AWS::CloudFront::Distribution": {
        "Ref": lambda _, resource: distribution_id(resource),
        "Id": lambda _, resource: distribution_id(resource),
        "DomainName": lambda resolver, resource: resolver.rewrite(distribution_name(resource)),
    },
    **{
        f"AWS::CloudFront::{kind}": {"Ref": logical_id, "Id": logical_id}
        for kind in ("CachePolicy", "OriginAccessControl", "OriginRequestPolicy", "ResponseHeadersPolicy")
    },
    "AWS::EC2::NatGateway": {"Ref": logical_id, "NatGatewayId": logical_id},
    "AWS::CloudWatch::Alarm": _ALARM,
    "AWS::CloudWatch::CompositeAlarm": _ALARM,
    "AWS::IAM::Role": {"Ref": named("RoleName"), "Arn": arn("iam", "role/{}", named("RoleName"))},
}


class Attributes:
    """
    The `lookup` of a `Resolver`. `endpoints` are `host:port` of the engines by `kafka`, `valkey`, `postgres`.

    `known` is asked first; it grows while resources are provisioned. Until all is `settled`, custom resources have
    placeholders: the functions that make them have to start before there is anything to know.
    """

    def __init__(self, *, kafka: str, valkey: str, postgres: str) -> None:
        self.known: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.settled = False
        self._kafka = kafka
        self._addresses = {
            ("AWS::ElastiCache::ServerlessCache", "Endpoint."): valkey,
            ("AWS::ElastiCache::ServerlessCache", "ReaderEndpoint."): valkey,
            ("AWS::RDS::DBCluster", "Endpoint."): postgres,
            ("AWS::RDS::DBCluster", "ReadEndpoint."): postgres,
        }
        self._postgres_host = postgres.rpartition(":")[0]

    def __call__(self, resolver: Resolver, resource: Resource, name: str) -> Any:
        known = self.known.get((resource.stack, resource.logical_id), {})
        if name in known:
            return known[name]
        if rule := TABLE.get(resource.type, {}).get(name):
            return rule(resolver, resource)
        if (endpoint := self._endpoint(resource, name)) is not None:
            return endpoint
        if not self.settled and is_provided(resolver.assembly, resource):
            return f"{resource.logical_id}.{name} is not made yet"
        raise Unresolvable(f"{resource}: {'Ref' if name == 'Ref' else 'attribute ' + name} has no local value")

    def _endpoint(self, resource: Resource, name: str) -> str | None:
        prefix, dot, part = name.rpartition(".")
        address = self._addresses.get((resource.type, prefix + dot))
        if address is not None:
            host, _, port = address.rpartition(":")
            return {"Address": host, "Port": port}.get(part)
        if resource.type == "AWS::RDS::DBProxy" and name == "Endpoint":
            return self._postgres_host
        if asks_for_brokers(resource) and name.startswith("BootstrapBrokerString"):
            return self._kafka
        return None


def asks_for_brokers(resource: Resource) -> bool:
    """Whether this is the CDK's SDK call that learns the addresses of an MSK cluster."""
    return resource.type == "Custom::AWS" and "getBootstrapBrokers" in json.dumps(resource.properties)


HOST = "127.0.0.1"
PUSH_SERVICE = "push-service.invalid"
"""What the app's local stage calls the push service of browsers; `/push-service.invalid.pem` is who vouches for it."""


def rewriter(
    site: Site,
    *,
    cassandra: str,
    push_service: str,
    authority: Path,
    traces: str,
    s3: str,
    apis: Mapping[str, int],
    distributions: Mapping[str, int],
) -> Callable[[str], str]:
    """
    Replaces addresses that AWS, or the internet, would serve by those that we do. `apis`: port by API id;
    `distributions`: port by name; `traces`: URL of the door for them; `s3`: that of S3, for clients.
    """
    fixed = {
        f"/{PUSH_SERVICE}.pem": str(authority),
        PUSH_SERVICE: push_service,
        f"cassandra.{site.region}.{site.url_suffix}:9142": cassandra,
        f"https://xray.{site.region}.{site.url_suffix}/v1/traces": traces,
    }
    for name, port in distributions.items():
        fixed |= {f"https://{name}": f"http://{HOST}:{port}", name: f"{HOST}:{port}"}
        fixed |= {f"https://{HOST}:{port}": f"http://{HOST}:{port}"}  # of a name that was replaced by itself before
    known = re.compile("|".join(re.escape(name) for name in fixed))
    execute_api = re.compile(
        rf"(https|wss)://([a-z0-9]+)\.execute-api\.{re.escape(site.region)}\.{re.escape(site.url_suffix)}"
    )
    buckets = re.compile(
        rf"https://([a-z0-9][a-z0-9.-]+)\.s3(?:\.{re.escape(site.region)})?\.{re.escape(site.url_suffix)}(/?)"
    )

    def serve_here(match: re.Match[str]) -> str:
        scheme, identity = match.groups()
        if identity not in apis:
            return match.group()
        return f"{'http' if scheme == 'https' else 'ws'}://{HOST}:{apis[identity]}"

    def by_path(match: re.Match[str]) -> str:
        """Here the bucket is in the path; an origin, without one, stays an origin."""
        return f"{s3}/{match[1]}/" if match[2] else s3

    def rewrite(text: str) -> str:
        text = buckets.sub(by_path, execute_api.sub(serve_here, text))
        return known.sub(lambda match: fixed[match.group()], text)

    return rewrite
