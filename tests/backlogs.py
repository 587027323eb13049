"""Partitions that are behind, for tests."""

from typing import Any

from natter.bootstrap.clients import now_ms
from natter.domain.messages.backlog import Backlog, Stored
from tests.messages import NOON


def a_backlog(**fields: Any) -> Backlog:
    """A second of work, left just now."""
    usual = {"partition": 3, "at": now_ms(), "next_offset": 100, "items": 1000, "granted": 0, "item_ms": 1.0}
    return Backlog(**{**usual, **fields})


def a_stored(**fields: Any) -> Stored:
    """A hundred messages of 10 ms each, a second after the newest of them was sent."""
    usual = {
        "partition": 3,
        "first_offset": 100,
        "last_offset": 199,
        "items": 100,
        "oldest_at": NOON - 2000,
        "newest_at": NOON - 1000,
        "begun_at": NOON - 1000,
        "at": NOON,
    }
    return Stored(**{**usual, **fields})
