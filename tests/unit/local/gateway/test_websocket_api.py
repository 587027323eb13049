import pytest

from local.gateway.websocket_api import select, selector
from local.model import Route

ROUTES = {key: Route(key=key, function_arn=key) for key in ("$connect", "$default", "send")}


class TestSelector:
    @pytest.mark.parametrize("expression", ["$request.body.action", "${request.body.action}"])
    def test_names_a_property(self, expression: str) -> None:
        assert selector(expression) == ("action",)

    @pytest.mark.parametrize(
        "expression", ["$request.header.x", "$request.body", "${request.body.a}-${request.body.b}"]
    )
    def test_others_are_refused_by_name(self, expression: str) -> None:
        with pytest.raises(ValueError, match="not understood"):
            selector(expression)


class TestSelect:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ('{"action":"send"}', "send"),
            ('{"action":"send","number":%s}' % ("9" * 5000), "send"),
            ('{"action":"other"}', "$default"),
            ('{"action":"$connect"}', "$default"),
            ('{"action":{"a":1}}', "$default"),
            ("[1]", "$default"),
            ("text", "$default"),
            ("[" * 100_000, "$default"),
        ],
    )
    def test_route_of_a_message(self, text: str, key: str) -> None:
        route = select(("action",), ROUTES, text)
        assert route is not None
        assert route.key == key

    def test_without_default_there_may_be_none(self) -> None:
        assert select(("action",), {"send": ROUTES["send"]}, "text") is None
