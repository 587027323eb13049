"""
What the parts of the core have in common.

A part is a state machine without clock, randomness or I/O: `step` takes what has happened, the time in milliseconds
and where random numbers in [0, 1) come from, and tells what is to be done about it, in order. It wants to be stepped
with `{"type": "wake"}` at `wake_at`. Inputs and effects are JSON objects, those of clients/core-vectors.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

type Effect = dict[str, Any]
type Event = dict[str, Any]
type Given = Mapping[str, Any]
type Random = Callable[[], float]

FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS = 500, 30_000

RETRYABLE_CODES = frozenset({"rate_limited", "unavailable", "internal"})


class Part(Protocol):
    @property
    def wake_at(self) -> int | None:
        """When it wants to be woken, by the clock of `step`."""

    def step(self, given: Given, at: int, random: Random) -> list[Effect]: ...

    def view(self) -> dict[str, Any]:
        """What it knows, as in the vectors."""


def backoff_ms(failures: int, random: Random) -> int:
    """Full jitter: anything up to a bound that doubles with each failure before this one."""
    return int(random() * min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** min(failures, 10)))


def earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)


def is_gateway_failure(frame: Given) -> bool:
    """API Gateway's own answer: a retryable error of every frame not yet answered."""
    return "type" not in frame and "message" in frame


def is_retryable(error: Given) -> bool:
    return error.get("code") in RETRYABLE_CODES or "retry_after_ms" in error
