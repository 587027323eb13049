"""What a client of PostgreSQL has executed, and what pinned its connection."""

import struct
from collections import Counter

import pytest

from local.doors.postgres import Session


def said(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


EXTENDED = said(b"P", b"\0SELECT 1\0\0\0") + said(b"B", bytes(8)) + said(b"E", bytes(5)) + said(b"S")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_executed_counts_once_however_it_is_cut(size: int) -> None:
    session, data = Session(Counter()), 2 * EXTENDED + said(b"Q", b"SELECT 1\0")
    assert sum(session.hear(data[at : at + size]) for at in range(0, len(data), size)) == 3


def test_it_counts_on_when_the_connection_is_pinned() -> None:
    pinned: Counter[str] = Counter()
    session = Session(pinned)
    assert session.hear(said(b"Q", b"SET timezone = 'UTC'\0")) == 1
    assert session.hear(2 * said(b"Q", b"SET timezone = 'UTC'\0") + EXTENDED) == 3
    assert pinned.total() == 1
