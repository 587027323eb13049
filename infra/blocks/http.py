from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_kms as kms
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra import throttles
from infra.blocks.edge import HttpEdge
from infra.blocks.front import Front
from infra.blocks.logs import access_log_group
from infra.blocks.python_function import PythonFunction
from infra.blocks.route_settings import throttle
from infra.blocks.sockets import LOGGED, LONGEST_INTEGRATION_S, AccessLogs
from infra.blocks.web_app import WebApp
from infra.config import Stage


class Http(Construct):
    """The HTTP API. Its functions authenticate themselves: an authorizer could not answer with a problem document."""

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey, sockets_url: str, files: Sequence[str]
    ) -> None:
        """`sockets_url`, `files`: what the web app asks besides (`WebApp`)."""
        super().__init__(scope, id_)
        self.api = gateway.HttpApi(
            self,
            "Api",
            api_name=f"natter-{stage.name}",
            create_default_stage=False,
            cors_preflight=_cors(stage),
        )
        rate, burst = throttles.default(stage.requests_per_second)
        self._stage, self._routes = stage, dict[str, gateway.HttpRoute]()
        self._servers: dict[str, PythonFunction] = {}
        self.edge = None if stage.edge is None else HttpEdge(self, "Edge", stage=stage, edge=stage.edge, key=key)
        app = WebApp(self, "App", stage=stage, sockets_url=sockets_url, files=files, oidc=stage.oidc)
        host = f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        self.front = Front(self, "Front", stage=stage, api_host=host, edge=self.edge, app=app)
        self.stage = gateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=gateway.ThrottleSettings(rate_limit=rate, burst_limit=burst),
            access_log_settings=AccessLogs(access_log_group(self, stage=stage, key=key), (*LOGGED, "httpMethod")),
        )

    @property
    def url(self) -> str:
        """What callers ask, without a slash at its end."""
        return self.api.api_endpoint if self.edge is None else self.front.url

    def serve(self, function: PythonFunction, *routes: str) -> None:
        """
        Routes as `METHOD /path`, or `$default` for whatever no other route takes. A path goes to its function with any
        method: the gateway itself would answer 404, without a problem document.
        """
        seconds = min(function.time_limit.to_seconds() + 1, LONGEST_INTEGRATION_S)
        integration = HttpLambdaIntegration(
            function.node.id, function.live, timeout=Duration.seconds(seconds), scope_permission_to_route=False
        )
        self._servers[function.folder] = function
        for route in routes:
            self._routes[route] = gateway.HttpRoute(
                self,
                "Fallback" if route == "$default" else route,
                http_api=self.api,
                integration=integration,
                route_key=_route_key(route),
            )

    def finish(self) -> None:
        """Once all routes are there: what each lets through, and what comes before them."""
        if self._stage.throttle_routes:
            throttle(self.stage, self._routes, shares=throttles.HTTP, rate=self._stage.requests_per_second)
        if self.edge is not None:
            for function in self._servers.values():
                self.edge.grant_check(function)
        self.front.open(after=[function.live for function in self._servers.values()])


def _cors(stage: Stage) -> gateway.CorsPreflightOptions | None:
    """For pages of other origins; the web app is on the API's own."""
    if not stage.cors_origins:
        return None
    return gateway.CorsPreflightOptions(
        allow_origins=list(stage.cors_origins),
        allow_methods=[gateway.CorsHttpMethod.ANY],
        allow_headers=["authorization", "content-type", "if-none-match"],
        expose_headers=["etag", "retry-after"],
        max_age=Duration.hours(1),
    )


def _route_key(route: str) -> gateway.HttpRouteKey:
    if route == "$default":
        return gateway.HttpRouteKey.DEFAULT
    method, path = route.split()
    return gateway.HttpRouteKey.with_(path, gateway.HttpMethod[method])
