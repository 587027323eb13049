"""What the stages of the APIs let through, by route: one that anybody can ask must not take what all others need."""

from typing import Any

import pytest

from infra import throttles
from infra.config import LOCAL, SECURED
from natter import names
from natter.domain.limits import BUCKETS
from tests.documents import openapi
from tests.infra.templates import Templates
from tests.infra.test_http import _filled, gates, is_for_users, taken

KINDS = {"HTTP": throttles.HTTP, "WEBSOCKET": throttles.SOCKETS}


def stage_of(app: Templates, protocol: str) -> dict[str, Any]:
    """The stage of the API of this protocol, whole."""
    resources = app.stack("services")["Resources"]
    (found,) = (
        each
        for each in resources.values()
        if each["Type"] == "AWS::ApiGatewayV2::Stage"
        and is_for_users(resources[each["Properties"]["ApiId"]["Ref"]]["Properties"], protocol)
    )
    return dict(found)


def settings_of(app: Templates, protocol: str) -> dict[str, dict[str, Any]]:
    return dict(stage_of(app, protocol)["Properties"]["RouteSettings"])


class TestRoutes:
    def test_each_that_anybody_can_ask_has_a_throttle_of_its_own(self, app: Templates) -> None:
        """Those of the document that want no access token, and what is nothing."""
        found = [gate for gate in gates(app, "HTTP") if gate.key != "$default"]
        routes = [route for each in openapi.routes().values() for route in each if route.open]
        keys = {gate.key for route in routes for gate in taken(found, route.method, _filled(route.path))}
        assert len(keys) > 5
        assert keys | {"$default"} <= settings_of(app, "HTTP").keys()

    def test_sign_up_and_sign_in_share_theirs_with_nothing_else(self, app: Templates) -> None:
        """Not even with what is asked at the same path."""
        found = [gate for gate in gates(app, "HTTP") if gate.key != "$default"]
        operations = {(route.method, _filled(route.path)) for each in openapi.routes().values() for route in each}
        keys = {operation: taken(found, *operation)[0].key for operation in operations}
        for own in (("POST", "/v1/users"), ("POST", "/v1/sessions"), ("POST", "/v1/sessions/refresh")):
            assert [operation for operation, key in keys.items() if key == keys[own]] == [own]

    def test_an_export_of_all_that_somebody_has_is_rare(self, app: Templates) -> None:
        rates = {key: each["ThrottlingRateLimit"] for key, each in settings_of(app, "HTTP").items()}
        assert min(rates, key=lambda key: rates[key]) == "ANY /v1/users/me/export"

    def test_new_connections_and_frames_of_no_action_have_theirs(self, app: Templates) -> None:
        assert settings_of(app, "WEBSOCKET").keys() == {"$connect", "$default"}


@pytest.mark.parametrize("protocol", KINDS)
class TestSettings:
    def test_are_made_after_their_routes(self, app: Templates, protocol: str) -> None:
        """AWS: "Unable to find Route by key … within the provided RouteSettings"."""
        resources = app.stack("services")["Resources"]
        after = {resources[name]["Properties"].get("RouteKey") for name in stage_of(app, protocol)["DependsOn"]}
        assert settings_of(app, protocol).keys() <= after
        assert settings_of(app, protocol).keys() == KINDS[protocol].keys()

    def test_say_all_that_the_stage_says_of_routes(self, app: Templates, protocol: str) -> None:
        """They take its place, not only its throttle's."""
        said = stage_of(app, protocol)["Properties"]["DefaultRouteSettings"].keys()
        assert all(each.keys() == said for each in settings_of(app, protocol).values())

    def test_let_no_more_through_than_the_stage(self, app: Templates, protocol: str) -> None:
        default = stage_of(app, protocol)["Properties"]["DefaultRouteSettings"]
        for each in settings_of(app, protocol).values():
            assert 1 <= each["ThrottlingRateLimit"] < default["ThrottlingRateLimit"]
            assert each["ThrottlingRateLimit"] <= each["ThrottlingBurstLimit"] <= throttles.MOST_AT_ONCE


@pytest.mark.parametrize(
    ("route", "limits"),
    [("POST /v1/users", ["sign_up_address"]), ("POST /v1/sessions", ["sign_in_address", "sign_in_from"])],
)
def test_one_address_at_its_limits_leaves_a_route_to_others(prod: Templates, route: str, limits: list[str]) -> None:
    """Else the gateway would refuse them for it, and without saying why."""
    one = sum(BUCKETS[limit].rate for limit in limits)
    assert settings_of(prod, "HTTP")[route]["ThrottlingRateLimit"] > 10 * one


def test_the_local_stage_is_as_it_was() -> None:
    """Tests sign up by the hundred."""
    for stage in (LOCAL, SECURED):
        assert (stage.throttle_routes, stage.edge) == (False, None)


def test_rates_that_the_infrastructure_knows_are_those_of_the_functions() -> None:
    assert {name: (BUCKETS[name].rate, BUCKETS[name].burst) for name in names.RATES} == names.RATES
