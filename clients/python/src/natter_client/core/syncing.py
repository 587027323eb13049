"""The pages of one sync."""

from typing import Any

from natter_client.core.part import Effect, Given, Random, backoff_ms

LIMIT = 50
BAD_REQUEST = 400


class Sync:
    def __init__(self) -> None:
        self.wake_at: int | None = None
        self._positions: dict[str, Any] | None = None
        self._next: dict[str, Any] | None = None
        self._cursor: str | None = None
        self._failures = 0
        self._restarts = 0
        """How often a cursor was not taken."""

    def view(self) -> dict[str, Any]:
        return {"running": self._positions is not None}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:  # noqa: PLR0911 - an input each
        if given["type"] == "start":
            if self._positions is not None:
                self._next = dict(given["positions"])
                return []
            return self._begin(dict(given["positions"]))
        if self._positions is None:
            return []  # stopped meanwhile
        match given["type"]:
            case "answer":
                return self._answer(given["answer"])
            case "failed" if given["status"] == BAD_REQUEST and self._cursor is not None:
                self._cursor = None
                self._restarts += 1
                if self._restarts == 1:
                    return [self._request()]
                self.wake_at = at + backoff_ms(self._restarts - 1, random)
            case "failed":
                self.wake_at = at + given.get("retry_after_ms", 0) + backoff_ms(self._failures, random)
                self._failures += 1
            case "wake" if self.wake_at is not None and at >= self.wake_at:
                return [self._request()]
            case "stop":
                self._positions = self._next = self.wake_at = None
        return []

    def _begin(self, positions: dict[str, Any]) -> list[Effect]:
        self._positions, self._next, self._cursor = positions, None, None
        self._failures = self._restarts = 0
        return [self._request()]

    def _request(self) -> Effect:
        self.wake_at = None
        cursor = {} if self._cursor is None else {"cursor": self._cursor}
        return {"type": "request", "body": {"positions": self._positions, "limit": LIMIT, **cursor}}

    def _answer(self, answer: Given) -> list[Effect]:
        self._failures = 0
        effects: list[Effect] = [{"type": "apply", "conversations": answer["conversations"]}]
        self._cursor = answer.get("next_cursor")
        if self._cursor is not None:
            return [*effects, self._request()]
        self._positions = None
        if self._next is not None:
            return effects + self._begin(self._next)
        return [*effects, {"type": "done"}]
