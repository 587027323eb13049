from collections.abc import Mapping

from aws_cdk import aws_apigatewayv2 as gateway
from constructs import Construct

from infra import throttles


def throttle(stage: Construct, routes: Mapping[str, Construct], *, shares: Mapping[str, float], rate: float) -> None:
    """
    Gives routes of a stage throttles of their own; `rate` is the stage's.

    What a route says takes the place of all that the stage says of routes, metrics, too. A stage that names a route is
    refused before that is there ("Unable to find Route by key"), so it is made after them.
    """
    settings = {}
    for key, share in shares.items():
        own, burst = throttles.of_route(share, rate)
        settings[key] = {
            "DetailedMetricsEnabled": True,
            "ThrottlingRateLimit": own,
            "ThrottlingBurstLimit": burst,
        }
        stage.node.add_dependency(routes[key])
    made = stage.node.default_child
    assert isinstance(made, gateway.CfnStage)
    made.route_settings = settings
