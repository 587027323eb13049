"""What the HTTP API lets through: the routes of the documents, and the origins of its stage."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.documents import asyncapi, openapi
from tests.infra.stages import STAGES
from tests.infra.templates import Templates


@dataclass(frozen=True)
class Gate:
    """A route of the gateway."""

    key: str
    function: str
    """Logical id of what it leads to."""

    def takes(self, method: str, path: str) -> bool:
        wanted, _, pattern = self.key.partition(" ")
        regex = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern).replace(r"\{proxy\+\}", ".+"))
        return wanted in {"ANY", method} and re.fullmatch(regex, path) is not None


def taken(found: list[Gate], method: str, path: str) -> list[Gate]:
    """
    Those that take it of which none is more specific: one with its path before a greedy variable, one with its method
    before ANY (AWS: "Create routes for HTTP APIs").
    """
    matching = [gate for gate in found if gate.takes(method, path)]
    ranks = [(gate.key.endswith("{proxy+}"), gate.key.startswith("ANY ")) for gate in matching]
    return [gate for gate, rank in zip(matching, ranks, strict=True) if rank == min(ranks)]


def is_for_users(api: Mapping[str, Any], protocol: str) -> bool:
    """Pushes to visitors arrive by an API of their own."""
    return api["ProtocolType"] == protocol and not api["Name"].endswith("-sink")


def gates(app: Templates, protocol: str) -> list[Gate]:
    """Of the API of this protocol."""
    stack = app.stack("services")["Resources"]
    apis = {
        name
        for name, each in stack.items()
        if each["Type"] == "AWS::ApiGatewayV2::Api" and is_for_users(each["Properties"], protocol)
    }
    found = []
    for route in app.properties("AWS::ApiGatewayV2::Route"):
        if route["ApiId"]["Ref"] in apis:
            *_, integration = route["Target"]["Fn::Join"][1]
            uri = stack[integration["Ref"]]["Properties"]["IntegrationUri"]
            found.append(Gate(route["RouteKey"], _called(stack, str(uri))))
    return found


def _called(stack: Mapping[str, Any], uri: str) -> str:
    """The function, by itself or by an alias."""
    if direct := re.findall(r"'Fn::GetAtt': \['(\w+)', 'Arn'\]", uri):
        return str(direct[0])
    (alias,) = (each for each in re.findall(r"'Ref': '(\w+)'", uri) if each in stack)
    return str(stack[alias]["Properties"]["FunctionName"]["Ref"])


def name_of(app: Templates, logical_id: str) -> str:
    """The function's folder."""
    name: str = app.stack("services")["Resources"][logical_id]["Properties"]["FunctionName"]
    return name.removeprefix(f"natter-{app.stage}-")


class TestRoutes:
    def test_each_documented_operation_reaches_its_function(self, app: Templates) -> None:
        """Not by way of `$default`, which says that there is nothing."""
        found = [gate for gate in gates(app, "HTTP") if gate.key != "$default"]
        for function, routes in openapi.routes().items():
            for route in routes:
                led = [name_of(app, gate.function) for gate in taken(found, route.method, _filled(route.path))]
                assert led == [function], f"{route.method} {route.path}"

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT"])
    def test_each_path_reaches_its_function_with_any_method(self, app: Templates, method: str) -> None:
        """Which answers it, or says which it takes."""
        found = [gate for gate in gates(app, "HTTP") if gate.key != "$default"]
        for function, routes in openapi.routes().items():
            for path in {_filled(route.path) for route in routes}:
                assert [name_of(app, gate.function) for gate in taken(found, method, path)] == [function], path

    def test_each_route_of_the_gateway_is_documented(self, app: Templates) -> None:
        operations = [(route.method, _filled(route.path)) for routes in openapi.routes().values() for route in routes]
        found = [gate for gate in gates(app, "HTTP") if gate.key != "$default"]
        busy = {gate.key for operation in operations for gate in taken(found, *operation)}
        idle = [gate.key for gate in found if gate.key not in busy]
        assert idle == NOT_OURS

    def test_actions_are_those_of_the_document(self, app: Templates) -> None:
        """Those that no route is named after are answered by `$default`."""
        routes = {gate.key for gate in gates(app, "WEBSOCKET")} - {"$connect", "$disconnect", "$default"}
        assert routes == set(asyncapi.CLIENT_FRAMES)


NOT_OURS = ["ANY /v1/tickets/{proxy+}"]
"""Answered with a problem document, that there is nothing."""


class TestCors:
    @pytest.mark.parametrize("stage", ["dev", "varied"])
    def test_origins_are_those_of_the_stage(self, stages: Callable[[str], Templates], stage: str) -> None:
        cors = self.of_users(stages(stage))["CorsConfiguration"]
        assert cors["AllowOrigins"] == list(STAGES[stage].cors_origins)
        assert "AllowCredentials" not in cors

    def of_users(self, app: Templates) -> dict[str, Any]:
        (api,) = [each for each in app.properties("AWS::ApiGatewayV2::Api") if is_for_users(each, "HTTP")]
        return api

    def test_a_web_client_of_another_origin_sees_what_it_needs(self, varied: Templates) -> None:
        cors = self.of_users(varied)["CorsConfiguration"]
        assert {"authorization", "content-type", "if-none-match"} == set(cors["AllowHeaders"])
        assert {"etag", "retry-after"} == set(cors["ExposeHeaders"])

    def test_production_has_none(self, prod: Templates) -> None:
        """The web app is on the API's own origin."""
        assert "CorsConfiguration" not in self.of_users(prod)


def _filled(path: str) -> str:
    """`path` with something for its variables."""
    return re.sub(r"<\w+>", "x", path)
