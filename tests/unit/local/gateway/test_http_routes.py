import pytest

from local.gateway.http_routes import RouteTable
from local.model import Route

TABLE = RouteTable(
    Route(key=key, function_arn=key)
    for key in (
        "ANY /{proxy+}",
        "GET /users/{id}",
        "GET /users/me",
        "ANY /users/me",
        "GET /users/{id}/push",
        "$default",
    )
)


class TestRouteTable:
    @pytest.mark.parametrize(
        ("method", "path", "key", "parameters"),
        [
            ("GET", "/users/me", "GET /users/me", {}),
            ("PUT", "/users/me", "ANY /users/me", {}),
            ("GET", "/users/a%2Fb", "GET /users/{id}", {"id": "a%2Fb"}),
            ("GET", "/users/1/push", "GET /users/{id}/push", {"id": "1"}),
            ("DELETE", "/users/1", "ANY /{proxy+}", {"proxy": "users/1"}),
            ("GET", "/users/", "ANY /{proxy+}", {"proxy": "users/"}),
            ("GET", "/", "$default", {}),
        ],
    )
    def test_most_specific_route_wins(self, method: str, path: str, key: str, parameters: dict[str, str]) -> None:
        match = TABLE.find(method, path)
        assert match is not None
        assert (match.route.key, match.path_parameters) == (key, parameters)

    def test_no_route(self) -> None:
        assert RouteTable([Route(key="GET /a", function_arn="a")]).find("GET", "/b") is None
