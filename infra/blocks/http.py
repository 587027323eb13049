from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_kms as kms
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.blocks.logs import access_log_group
from infra.blocks.python_function import PythonFunction
from infra.blocks.sockets import LOGGED, LONGEST_INTEGRATION_S, MOST_AT_ONCE, AccessLogs
from infra.config import Stage


class Http(Construct):
    """The HTTP API. Its functions authenticate themselves: an authorizer could not answer with a problem document."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.api = gateway.HttpApi(
            self,
            "Api",
            api_name=f"natter-{stage.name}",
            create_default_stage=False,
            cors_preflight=gateway.CorsPreflightOptions(
                allow_origins=list(stage.cors_origins),
                allow_methods=[gateway.CorsHttpMethod.ANY],
                allow_headers=["authorization", "content-type", "if-none-match"],
                expose_headers=["etag", "retry-after"],
                max_age=Duration.hours(1),
            ),
        )
        self.stage = gateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=gateway.ThrottleSettings(
                rate_limit=stage.requests_per_second, burst_limit=min(stage.requests_per_second, MOST_AT_ONCE)
            ),
            access_log_settings=AccessLogs(access_log_group(self, stage=stage, key=key), (*LOGGED, "httpMethod")),
        )

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return self.api.api_endpoint

    def serve(self, function: PythonFunction, *routes: str) -> None:
        """
        Routes as `METHOD /path`, or `$default` for whatever no other route takes. A path goes to its function with any
        method: the gateway itself would answer 404, without a problem document.
        """
        seconds = min(function.time_limit.to_seconds() + 1, LONGEST_INTEGRATION_S)
        integration = HttpLambdaIntegration(
            function.node.id, function.live, timeout=Duration.seconds(seconds), scope_permission_to_route=False
        )
        for route in routes:
            gateway.HttpRoute(
                self,
                "Fallback" if route == "$default" else route,
                http_api=self.api,
                integration=integration,
                route_key=_route_key(route),
            )


def _route_key(route: str) -> gateway.HttpRouteKey:
    if route == "$default":
        return gateway.HttpRouteKey.DEFAULT
    method, path = route.split()
    return gateway.HttpRouteKey.with_(path, gateway.HttpMethod[method])
