import pytest

from natter.domain.errors import BadRequest
from natter.domain.paging import decode_cursor, encode_cursor


def test_a_place_comes_back_as_it_was() -> None:
    assert decode_cursor(encode_cursor(1_800_000_000_000, "lobby"), int, str) == (1_800_000_000_000, "lobby")


@pytest.mark.parametrize("cursor", ["?", "é", "W10", encode_cursor(), encode_cursor("lobby"), encode_cursor(1, 2)])
def test_what_is_not_of_the_kind_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        decode_cursor(cursor, int, str)
