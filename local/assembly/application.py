"""Functions, APIs and deploy tasks of the templates, as the values that the runtime executes."""

import re
from collections.abc import Mapping
from typing import Any

from local.assembly.alarms import alarms
from local.assembly.attributes import api_id
from local.assembly.composite_alarms import composite_alarms
from local.assembly.coverage import not_imitated, providers
from local.assembly.dashboards import dashboards
from local.assembly.distributions import distributions
from local.assembly.functions import function
from local.assembly.intrinsics import Resolver, Unresolvable
from local.assembly.sources import kafka_sources, schedules, sqs_sources
from local.assembly.templates import Resource
from local.model import Api, App, Authorizer, Cors, DeployTask, Route, Throttle

LONGEST_INTEGRATION_MS = {"WEBSOCKET": 29_000, "HTTP": 30_000}
_INVOKED = re.compile(r"functions/(arn:[^/]+)/invocations$")


def build_app(resolver: Resolver, ports: Mapping[str, int], fronts: Mapping[str, int] | None = None) -> App:
    """
    The app, all references resolved. `ports`: of each API, by its id; `fronts`: of each distribution, by logical id.

    Raises:
        Unresolvable: a reference that something here depends on has no local value.
    """
    assembly, provided = resolver.assembly, providers(resolver.assembly)
    evaluated, refused = alarms(resolver)
    composites, not_composed = composite_alarms(resolver)
    pages, not_drawn = dashboards(resolver)
    outputs: dict[str, str] = {}
    for stack in assembly.stacks:
        outputs |= {key: str(value) for key, value in resolver.outputs(stack).items()}
    return App(
        region=resolver.site.region,
        account=resolver.site.account,
        functions=tuple(
            function(resolver, resource)
            for resource in assembly.resources("AWS::Lambda::Function")
            if resource not in provided and resolver.exists(resource)
        ),
        apis=tuple(_api(resolver, resource, ports) for resource in assembly.resources("AWS::ApiGatewayV2::Api")),
        distributions=distributions(resolver, apis=ports, ports=fronts or {}),
        kafka_sources=kafka_sources(resolver),
        sqs_sources=sqs_sources(resolver),
        schedules=schedules(resolver),
        deploy_tasks=tuple(
            DeployTask(
                logical_id=resource.logical_id,
                function_arn=resolver.properties(resource, "HandlerArn")["HandlerArn"],
            )
            for resource in assembly.resources("Custom::Trigger")
        ),
        alarms=evaluated,
        composite_alarms=composites,
        dashboards=pages,
        outputs=outputs,
        not_imitated=not_imitated(assembly, provided) + refused + not_composed + not_drawn,
    )


def _api(resolver: Resolver, resource: Resource, ports: Mapping[str, int]) -> Api:
    identity = api_id(resource)
    properties = resolver.properties(resource)
    (deployed,) = _of_api(resolver, resource, "AWS::ApiGatewayV2::Stage")
    stage = resolver.properties(deployed, "StageName", "DefaultRouteSettings", "RouteSettings")
    routes = tuple(
        _route(resolver, found, properties["ProtocolType"])
        for found in _of_api(resolver, resource, "AWS::ApiGatewayV2::Route")
    )
    return Api(
        api_id=identity,
        kind=properties["ProtocolType"],
        stage=stage["StageName"],
        routes=routes,
        port=ports[identity],
        route_selection=properties.get("RouteSelectionExpression", "$request.method $request.path"),
        cors=_cors(properties["CorsConfiguration"]) if "CorsConfiguration" in properties else None,
        throttle=_throttle(stage.get("DefaultRouteSettings", {})),
        route_throttles=_route_throttles(deployed, stage.get("RouteSettings", {}), routes),
    )


def _throttle(settings: Mapping[str, Any]) -> Throttle:
    return Throttle(rate=settings.get("ThrottlingRateLimit"), burst=settings.get("ThrottlingBurstLimit"))


def _route_throttles(
    stage: Resource, settings: Mapping[str, Mapping[str, Any]], routes: tuple[Route, ...]
) -> dict[str, Throttle]:
    """AWS refuses a stage whose settings name a route that is not there when the stage is made."""
    if unknown := settings.keys() - {route.key for route in routes}:
        raise Unresolvable(f"{stage}: Unable to find Route by key {min(unknown)} within the provided RouteSettings")
    return {key: _throttle(each) for key, each in settings.items()}


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
    version = target.get("PayloadFormatVersion", "2.0" if kind == "HTTP" else "1.0")
    if (kind, version) not in {("HTTP", "2.0"), ("WEBSOCKET", "1.0")}:
        raise Unresolvable(f"{integration}: events of format {version} are not made here")
    authorizer = properties.get("AuthorizerId")
    return Route(
        key=properties["RouteKey"],
        function_arn=_invoked(target["IntegrationUri"]),
        timeout_s=target.get("TimeoutInMillis", LONGEST_INTEGRATION_MS[kind]) / 1000,
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
