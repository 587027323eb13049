"""Commands are counted however they are cut on their way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doors import resp
from local.doors.resp import Commands
from local.doors.valkey import _request

commands = st.lists(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4), max_size=5)


@given(commands, st.integers(1, 9))
def test_each_is_found_once_however_it_is_cut(asked: list[list[str]], size: int) -> None:
    data = b"".join(map(_request, asked))
    heard = Commands()
    found = [each for at in range(0, len(data), size) for each in heard.hear(data[at : at + size])]
    assert [(each[0].encode().decode("latin-1").lower(), len(_request(each))) for each in asked] == found


def test_a_value_that_looks_like_a_command_is_none() -> None:
    inner = _request(["GET", "a"]).decode()
    assert [("set", len(_request(["SET", "k", inner])))] == Commands().hear(_request(["SET", "k", inner]))


def test_what_is_no_resp_is_not_counted_nor_what_follows() -> None:
    heard = Commands()
    assert heard.hear(_request(["PING"]) + b"GET a\r\n") == [("ping", 14)]
    assert heard.hear(_request(["PING"])) == []


def test_a_command_without_end_takes_no_room_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resp, "MOST_BYTES", 1000)
    heard = Commands()
    heard.hear(b"*2\r\n$3\r\nSET\r\n$999999999\r\n" + bytes(1000))
    assert heard._rest is None
    assert heard.hear(_request(["PING"])) == []
