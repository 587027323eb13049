import pytest

from natter.domain.errors import BadRequest
from natter.domain.paging import decode_cursor, encode_cursor


def test_a_place_comes_back_as_it_was() -> None:
    assert decode_cursor(encode_cursor(1_800_000_000_000, "lobby"), int, str) == (1_800_000_000_000, "lobby")


@pytest.mark.parametrize("cursor", ["?", "é", "W10", encode_cursor(), encode_cursor("lobby"), encode_cursor(1, 2)])
def test_what_is_not_of_the_kind_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        decode_cursor(cursor, int, str)


@pytest.mark.parametrize(
    "place", [(2**63, "a"), (-1, "a"), (True, "a"), (1, "a\0b"), (1, "x" * 65), (1, ""), (1, "\ud800")], ids=repr
)
def test_what_no_store_can_hold_is_refused_before_one_is_asked(place: tuple[int, str]) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        decode_cursor(encode_cursor(*place), int, str)
