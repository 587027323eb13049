"""Who types in one conversation, and telling that one does."""

from typing import Any

from natter_client.core.part import Effect, Given, Random, earliest

AGAIN_MS, STOPPED_MS, FORGOTTEN_MS = 4_000, 5_000, 6_000
APART_MS = 2_000
"""What is told sooner after the last is not passed on."""


class Typing:
    def __init__(self, me: str) -> None:
        self._me = me
        self._until: dict[str, int] = {}
        self._is_open = False
        self._told_at = -APART_MS
        self._started = False
        self._stop_at: int | None = None

    @property
    def wake_at(self) -> int | None:
        return earliest(self._stop_at, *self._until.values())

    def view(self) -> dict[str, Any]:
        return {"typing": list(self._until)}

    def step(self, given: Given, at: int, _: Random) -> list[Effect]:
        before, effects = list(self._until), list[Effect]()
        for user in [each for each, until in self._until.items() if until <= at]:
            del self._until[user]
        match given["type"]:
            case "keystroke":
                self._key(at, effects)
            case "cleared":
                self._stop(at, effects)
            case "wake" if self._stop_at is not None and self._stop_at <= at:
                self._stop(at, effects)
            case "notice" if given["user_id"] != self._me and given["state"] == "started":
                self._until[given["user_id"]] = at + FORGOTTEN_MS
            case "notice" | "message":
                self._until.pop(given["user_id"], None)
            case "opened":
                self._is_open = True
            case "closed":
                self._is_open, self._started, self._stop_at = False, False, None
        if list(self._until) != before:
            effects.append({"type": "typing", "user_ids": list(self._until)})
        return effects

    def _key(self, at: int, effects: list[Effect]) -> None:
        if not self._is_open:
            return
        if at - self._told_at >= (AGAIN_MS if self._started else APART_MS):
            self._tell("started", at, effects)
        if self._started:
            self._stop_at = at + STOPPED_MS

    def _stop(self, at: int, effects: list[Effect]) -> None:
        if self._started and at - self._told_at >= APART_MS:
            self._tell("stopped", at, effects)
        self._started, self._stop_at = False, None

    def _tell(self, state: str, at: int, effects: list[Effect]) -> None:
        self._told_at, self._started = at, state == "started"
        effects.append({"type": "send", "state": state})
