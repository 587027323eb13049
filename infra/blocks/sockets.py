from collections.abc import Sequence

import jsii
from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from infra import throttles
from infra.blocks.logs import access_log_group
from infra.blocks.python_function import PythonFunction
from infra.blocks.route_settings import throttle
from infra.config import Stage

LONGEST_INTEGRATION_S = 29


LOGGED = ("requestId", "routeKey", "status", "requestTimeEpoch", "integrationLatency", "integration.error")
LOGGED_OF_FRAMES = (*LOGGED, "connectionId", "eventType", "authorizer.error")


@jsii.implements(gateway.IAccessLogSettings)
class AccessLogs:
    """
    One JSON line a frame, or a request: ids, route, status, times. Never a query string, which holds tickets, and no
    text. A stage is refused that logs a variable which its kind of API does not have.
    """

    def __init__(self, group: logs.ILogGroup, fields: Sequence[str]) -> None:
        self._destination, self._fields = gateway.LogGroupLogDestination(group), fields

    @property
    def destination(self) -> gateway.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        body = ", ".join(f'"{field}": "$context.{field}"' for field in self._fields)
        return apigateway.AccessLogFormat.custom("{" + body + "}")


class Sockets(Construct):
    """
    The WebSocket API: `$connect` is authorized, every other route runs in the name that the authorizer gave.

    The API and its stage come first and the routes later, so that functions can know the URL they are called by.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.api = gateway.WebSocketApi(
            self, "Api", api_name=f"natter-{stage.name}", route_selection_expression="$request.body.action"
        )
        rate, burst = throttles.default(stage.sockets_per_second)
        self._stage, self._routes = stage, dict[str, gateway.WebSocketRoute]()
        self.stage = gateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=stage.name,
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=gateway.ThrottleSettings(rate_limit=rate, burst_limit=burst),
            access_log_settings=AccessLogs(access_log_group(self, stage=stage, key=key), LOGGED_OF_FRAMES),
        )

    @property
    def url(self) -> str:
        return self.stage.url

    @property
    def management_endpoint(self) -> str:
        return self.stage.callback_url

    def connect(self, function: PythonFunction, *, authorizer: PythonFunction) -> None:
        """No identity source is demanded: browsers cannot set a header, so the token may stand in the query."""
        self._routes["$connect"] = self.api.add_route(
            "$connect",
            integration=_integration("Connect", function),
            authorizer=WebSocketLambdaAuthorizer("Authorizer", authorizer.live, identity_source=[]),
        )

    def route(self, key: str, function: PythonFunction, *, answers: bool) -> None:
        """`answers`: what the function returns is sent to the client as a frame."""
        name = key.strip("$").title()
        self._routes[key] = self.api.add_route(
            key, integration=_integration(name, function, answers=answers), return_response=answers
        )

    def finish(self) -> None:
        """Once all routes are there: what each lets through."""
        if self._stage.throttle_routes:
            throttle(self.stage, self._routes, shares=throttles.SOCKETS, rate=self._stage.sockets_per_second)


def _integration(name: str, function: PythonFunction, *, answers: bool = True) -> WebSocketLambdaIntegration:
    """
    Waits a second longer than the function may take, so that it is Lambda who reports a time-out; where nobody is
    answered, as long as it can: a function that has to start first is not to miss what has happened.
    """
    seconds = min(function.time_limit.to_seconds() + 1, LONGEST_INTEGRATION_S) if answers else LONGEST_INTEGRATION_S
    return WebSocketLambdaIntegration(f"{name}Integration", function.live, timeout=Duration.seconds(seconds))
