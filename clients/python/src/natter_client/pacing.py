"""
How fast the server is told what was read and delivered, of all conversations together.

The core paces each conversation; after a time away there are hundreds of them, and the server takes ten such frames a
second of a user, thirty at once, those of other devices included. So they wait here, what was read first, since others
look at that; and when one is refused for the rate, all of them do.
"""

from collections.abc import Mapping
from typing import Any

from natter_client.core.part import Effect, Given, Random, backoff_ms, is_gateway_failure, is_retryable

APART_MS, AT_ONCE = 200, 10
"""Half of what a user may send: five a second, after the first ten."""


class Pacing:
    """A part of the engine, as those of the core."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], dict[str, Any]] = {}
        self._sent: set[str] = set()
        self._level, self._level_at = float(AT_ONCE), 0
        self._not_before = 0
        self._failures = 0

    @property
    def wake_at(self) -> int | None:
        if not self._waiting:
            return None
        missing_ms = max(0, round((1 - self._level) * APART_MS))
        return max(self._level_at + missing_ms, self._not_before)

    def view(self) -> dict[str, Any]:
        return {"waiting": list(self._waiting.values())}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:
        match given["type"]:
            case "tell":
                self._add(given["frame"])
            case "closed":  # the core tells again what was not answered
                self._waiting.clear()
                self._sent.clear()
            case "frame":
                self._frame(given["frame"], at, random)
        return self._pump(at)

    def _add(self, frame: Mapping[str, Any]) -> None:
        """Of a conversation the last, in the place of the first."""
        self._waiting[frame["action"], frame["conversation_id"]] = dict(frame)

    def _frame(self, frame: Given, at: int, random: Random) -> None:
        is_mine = frame.get("id") in self._sent
        if is_gateway_failure(frame) or (is_mine and frame.get("type") == "error" and is_retryable(frame)):
            wait_ms = frame.get("retry_after_ms", 0) + backoff_ms(self._failures, random)
            if at >= self._not_before:  # those sent together are refused together, and count once
                self._failures += 1
            self._not_before = max(self._not_before, at + wait_ms)
        elif is_mine:
            self._failures = 0
        self._sent.discard(frame.get("id", ""))

    def _pump(self, at: int) -> list[Effect]:
        self._level = min(AT_ONCE, self._level + (at - self._level_at) / APART_MS)
        self._level_at = at
        effects: list[Effect] = []
        while self._waiting and self._level >= 1 and at >= self._not_before:
            key = next((each for each in self._waiting if each[0] == "read"), next(iter(self._waiting)))
            frame = self._waiting.pop(key)
            self._level -= 1
            self._sent.add(frame["id"])
            effects.append({"type": "send", "frame": frame})
        return effects
