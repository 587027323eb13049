"""Functions, APIs, event sources and deploy tasks of the templates, as the values that the runtime executes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.assembly.attributes import api_id, function_arn
from local.assembly.coverage import not_imitated, providers
from local.assembly.intrinsics import Resolver, Unresolvable
from local.assembly.templates import Resource
from local.model import Api, App, Authorizer, Cors, DeployTask, Function, KafkaSource, Route

LONGEST_INTEGRATION_MS = {"WEBSOCKET": 29_000, "HTTP": 30_000}
_INVOKED = re.compile(r"functions/(arn:[^/]+)/invocations$")


def build_app(resolver: Resolver, ports: Mapping[str, int]) -> App:
    """
    The app, all references resolved. `ports`: of each API, by its id.

    Raises:
        Unresolvable: a reference that something here depends on has no local value.
    """
    assembly, provided = resolver.assembly, providers(resolver.assembly)
    outputs: dict[str, str] = {}
    for stack in assembly.stacks:
        outputs |= {key: str(value) for key, value in resolver.outputs(stack).items()}
    return App(
        region=resolver.site.region,
        account=resolver.site.account,
        functions=tuple(
            _function(resolver, resource)
            for resource in assembly.resources("AWS::Lambda::Function")
            if resource not in provided and resolver.exists(resource)
        ),
        apis=tuple(_api(resolver, resource, ports) for resource in assembly.resources("AWS::ApiGatewayV2::Api")),
        kafka_sources=tuple(
            _kafka_source(resolver, resource)
            for resource in assembly.resources("AWS::Lambda::EventSourceMapping")
            if "Topics" in resource.properties and resolver.exists(resource)
        ),
        deploy_tasks=tuple(
            DeployTask(
                logical_id=resource.logical_id,
                function_arn=resolver.properties(resource, "HandlerArn")["HandlerArn"],
            )
            for resource in assembly.resources("Custom::Trigger")
        ),
        outputs=outputs,
        not_imitated=not_imitated(assembly, provided),
    )


def _function(resolver: Resolver, resource: Resource) -> Function:
    properties = resolver.properties(
        resource,
        *("Environment", "Handler", "MemorySize", "Timeout", "ReservedConcurrentExecutions", "Runtime"),
    )
    if not properties["Runtime"].startswith("python"):
        raise Unresolvable(f"{resource}: the runtime {properties['Runtime']} does not run here")
    variables = properties.get("Environment", {}).get("Variables", {})
    return Function(
        logical_id=resource.logical_id,
        name=resolver.attribute(resource.stack, resource.logical_id, "Ref"),
        arn=resolver.attribute(resource.stack, resource.logical_id, "Arn"),
        handler=properties["Handler"],
        code=_asset(resolver, resource, resource.properties["Code"]),
        layers=tuple(_layer(resolver, resource, layer) for layer in resource.properties.get("Layers", [])),
        environment={key: str(value) for key, value in variables.items()},
        timeout_s=float(properties.get("Timeout", 3)),
        memory_mb=int(properties.get("MemorySize", 128)),
        reserved_concurrency=properties.get("ReservedConcurrentExecutions"),
        provisioned_concurrency=_provisioned(resolver, resource),
    )


def _asset(resolver: Resolver, resource: Resource, content: Mapping[str, Any]) -> Path:
    key = resolver.resolve(resource.stack, content.get("S3Key"))
    try:
        return resolver.assembly.stacks[resource.stack].assets[key]
    except KeyError:
        raise Unresolvable(f"{resource}: its code is not a file asset of the assembly") from None


def _layer(resolver: Resolver, function: Resource, reference: Any) -> Path:
    match reference:
        case {"Ref": str(logical_id)}:
            layer = resolver.assembly.stacks[function.stack].resources[logical_id]
            return _asset(resolver, layer, layer.properties["Content"])
        case _:
            raise Unresolvable(f"{function}: a layer that this app does not make does not exist here")


def _provisioned(resolver: Resolver, function: Resource) -> int:
    """Of the function's aliases, together."""
    name = resolver.attribute(function.stack, function.logical_id, "Ref")
    total = 0
    for alias in resolver.assembly.resources("AWS::Lambda::Alias"):
        properties = resolver.properties(alias, "FunctionName", "ProvisionedConcurrencyConfig")
        if properties["FunctionName"] == name and "ProvisionedConcurrencyConfig" in properties:
            total += int(properties["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"])
    return total


def _api(resolver: Resolver, resource: Resource, ports: Mapping[str, int]) -> Api:
    identity = api_id(resource)
    properties = resolver.properties(resource)
    (deployed,) = _of_api(resolver, resource, "AWS::ApiGatewayV2::Stage")
    stage = resolver.properties(deployed, "StageName", "DefaultRouteSettings")
    settings = stage.get("DefaultRouteSettings", {})
    return Api(
        api_id=identity,
        kind=properties["ProtocolType"],
        stage=stage["StageName"],
        routes=tuple(
            _route(resolver, found, properties["ProtocolType"])
            for found in _of_api(resolver, resource, "AWS::ApiGatewayV2::Route")
        ),
        port=ports[identity],
        route_selection=properties.get("RouteSelectionExpression", "$request.method $request.path"),
        cors=_cors(properties["CorsConfiguration"]) if "CorsConfiguration" in properties else None,
        rate_limit=settings.get("ThrottlingRateLimit"),
        burst_limit=settings.get("ThrottlingBurstLimit"),
    )


def _of_api(resolver: Resolver, api: Resource, type_: str) -> list[Resource]:
    return [
        resource
        for resource in resolver.assembly.resources(type_)
        if resolver.properties(resource, "ApiId")["ApiId"] == api_id(api)
    ]


def _route(resolver: Resolver, resource: Resource, kind: str) -> Route:
    properties = resolver.properties(resource)
    integration = _same_stack(resolver, resource, properties["Target"].removeprefix("integrations/"))
    target = resolver.properties(integration)
    if target["IntegrationType"] != "AWS_PROXY":
        raise Unresolvable(f"{integration}: only AWS_PROXY integrations are served here")
    authorizer = properties.get("AuthorizerId")
    return Route(
        key=properties["RouteKey"],
        function_arn=_invoked(target["IntegrationUri"]),
        timeout_s=target.get("TimeoutInMillis", LONGEST_INTEGRATION_MS[kind]) / 1000,
        payload_version=target.get("PayloadFormatVersion", "2.0" if kind == "HTTP" else "1.0"),
        authorizer=_authorizer(resolver, _same_stack(resolver, resource, authorizer)) if authorizer else None,
        returns_response="RouteResponseSelectionExpression" in properties,
    )


def _authorizer(resolver: Resolver, resource: Resource) -> Authorizer:
    properties = resolver.properties(resource)
    if properties["AuthorizerType"] != "REQUEST":
        raise Unresolvable(f"{resource}: only REQUEST authorizers are served here")
    return Authorizer(
        function_arn=_invoked(properties["AuthorizerUri"]),
        identity_sources=tuple(properties.get("IdentitySource", ())),
        ttl_s=int(properties.get("AuthorizerResultTtlInSeconds", 0)),
        simple_responses=bool(properties.get("EnableSimpleResponses", False)),
    )


def _same_stack(resolver: Resolver, resource: Resource, logical_id: str) -> Resource:
    return resolver.assembly.stacks[resource.stack].resources[logical_id]


def _invoked(uri: str) -> str:
    """The function's ARN, which API Gateway may be given inside a path of its own."""
    match = _INVOKED.search(uri)
    return match.group(1) if match else uri


def _cors(configuration: Mapping[str, Any]) -> Cors:
    return Cors(
        origins=tuple(configuration.get("AllowOrigins", ())),
        methods=tuple(configuration.get("AllowMethods", ())),
        headers=tuple(configuration.get("AllowHeaders", ())),
        expose=tuple(configuration.get("ExposeHeaders", ())),
        max_age_s=configuration.get("MaxAge"),
        credentials=bool(configuration.get("AllowCredentials", False)),
    )


def _kafka_source(resolver: Resolver, resource: Resource) -> KafkaSource:
    properties = resolver.properties(resource)
    (topic,) = properties["Topics"]
    destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return KafkaSource(
        uuid=resource.logical_id,
        function_arn=function_arn(resolver, properties["FunctionName"]),
        topic=topic,
        group_id=properties.get("AmazonManagedKafkaEventSourceConfig", {}).get("ConsumerGroupId", resource.logical_id),
        cluster_arn=properties["EventSourceArn"],
        starting_position=properties.get("StartingPosition", "TRIM_HORIZON"),
        batch_size=properties.get("BatchSize", 100),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0.5)),
        enabled=properties.get("Enabled", True),
        report_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        retry_attempts=properties.get("MaximumRetryAttempts", -1),
        max_record_age_s=properties.get("MaximumRecordAgeInSeconds", -1),
        bisect_on_error=properties.get("BisectBatchOnFunctionError", False),
        on_failure=destination,
    )
