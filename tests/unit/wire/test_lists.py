import pytest

from natter.domain.errors import BadRequest, NotFound
from natter.wire.base import parse
from natter.wire.lists import ListQuery, device_in_path, user_in_path


class TestListQuery:
    def test_asks_for_fifty_from_the_beginning_unless_it_says_otherwise(self) -> None:
        assert parse(ListQuery, {}) == ListQuery(limit=50, cursor=None)
        assert parse(ListQuery, {"limit": "200", "cursor": "x"}) == ListQuery(limit=200, cursor="x")

    @pytest.mark.parametrize(
        ("name", "value"), [("limit", "0"), ("limit", "201"), ("limit", "many"), ("cursor", "x" * 257)]
    )
    def test_a_wrong_field_is_named(self, name: str, value: str) -> None:
        with pytest.raises(BadRequest, match=f"^{name}: "):
            parse(ListQuery, {name: value})


class TestPaths:
    @pytest.mark.parametrize("text", ["", "a b", "a/b", "x" * 65, "u\n", "\0"])
    def test_nobody_can_have_such_an_id(self, text: str) -> None:
        with pytest.raises(NotFound, match="user"):
            user_in_path(text)
        with pytest.raises(NotFound, match="device"):
            device_in_path(text)

    def test_somebody_may_have_such_an_id(self) -> None:
        assert user_in_path("u-1_A") == "u-1_A"
        assert device_in_path("my-phone") == "my-phone"
