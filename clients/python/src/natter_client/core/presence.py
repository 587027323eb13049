"""Whom one watches, how they are, and how one is oneself."""

from typing import Any

from natter_client.core.part import Effect, Given, Random, is_gateway_failure, is_retryable

MOST_WATCHED = 100
WATCH_MS, WATCH_JITTER_MS = 540_000, 60_000
AGAIN_MS = 1_000


class Presence:
    def __init__(self) -> None:
        self.wake_at: int | None = None
        self.status = "online"
        self._wanted: list[str] = []
        self._users: dict[str, dict[str, Any]] = {}
        self._is_open = False
        self._sent = 0
        self._asked: str | None = None

    def view(self) -> dict[str, Any]:
        return {"watching": self._wanted, "users": self._known(), "status": self.status}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:
        effects: list[Effect] = []
        match given["type"]:
            case "watch":
                wanted = list(dict.fromkeys(given["user_ids"]))[:MOST_WATCHED]
                if wanted != self._wanted:
                    self._wanted = wanted
                    self._watch(at, random, effects, also_empty=True)
                    self._change({each: user for each, user in self._users.items() if each in wanted}, effects)
            case "status":
                if given["state"] != self.status:
                    self.status = given["state"]
                    self._tell(effects)
            case "opened":
                self._is_open = True
                self._all(at, random, effects)
            case "closed":
                self._is_open, self.wake_at, self._asked = False, None, None
            case "wake" if self.wake_at is not None and at >= self.wake_at:
                self._watch(at, random, effects, also_empty=True)
            case "frame":
                self._frame(given["frame"], at, random, effects)
        return effects

    def _known(self) -> list[dict[str, Any]]:
        return [self._users[each] for each in sorted(self._users)]

    def _all(self, at: int, random: Random, effects: list[Effect]) -> None:
        if self.status == "away":
            self._tell(effects)
        self._watch(at, random, effects)

    def _tell(self, effects: list[Effect]) -> None:
        if self._is_open:
            effects.append({"type": "send", "frame": {"action": "status", "state": self.status}})

    def _watch(self, at: int, random: Random, effects: list[Effect], *, also_empty: bool = False) -> None:
        self.wake_at = None
        if not self._is_open or not (self._wanted or also_empty):
            return
        self._sent += 1
        self._asked = f"w{self._sent}"
        if self._wanted:
            self.wake_at = at + WATCH_MS - int(WATCH_JITTER_MS * random())
        frame = {"action": "watch", "id": self._asked, "user_ids": self._wanted}
        effects.append({"type": "send", "frame": frame})

    def _frame(self, frame: Given, at: int, random: Random, effects: list[Effect]) -> None:
        kind = frame.get("type")
        if kind == "presence":
            users = {user["user_id"]: user for user in frame["users"] if user["user_id"] in self._wanted}
            if "id" not in frame:
                self._change({**self._users, **users}, effects)
            elif frame["id"] == self._asked:
                self._asked = None
                self._change(users, effects)
        elif kind == "pong" and frame.get("sync"):
            self._all(at, random, effects)
        elif self._asked and (is_gateway_failure(frame) or frame.get("id") == self._asked):
            self._asked = None
            if kind == "error" and not is_retryable(frame):
                return
            self.wake_at = at + frame.get("retry_after_ms", 0) + int(AGAIN_MS * (1 + random()))

    def _change(self, users: dict[str, dict[str, Any]], effects: list[Effect]) -> None:
        if users != self._users:
            self._users = users
            effects.append({"type": "presence", "users": self._known()})
