"""The socket's life: ticket, opening, liveness, renewal, backoff."""

from dataclasses import dataclass
from typing import Any

from natter_client.core.part import Effect, Given, Random, backoff_ms, earliest

OPENING_MS = 15_000
HEALTHY_MS = 60_000
NUDGE_MS = 1_000
PING_MS, PING_JITTER_MS, PONG_MS = 240_000, 60_000, 5_000
RENEW_MS, RENEW_JITTER_MS = 6_120_000, 960_000


@dataclass
class _Socket:
    number: int
    opened_at: int | None = None
    ping_at: int = 0
    renew_at: int = 0
    pinged_at: int | None = None
    """An unanswered ping's."""


class Session:
    def __init__(self) -> None:
        self.state = "idle"
        self.active: int | None = None
        self._sockets: dict[int, _Socket] = {}
        self._numbers = self._pings = 0
        self._failures = 0
        self._began_at: int | None = None
        """When the attempt that is under way asked for its ticket."""
        self._ticket_due = False
        self._opening: int | None = None
        self._next: int | None = None
        """A socket that is open and takes over when its sync is over."""
        self._last_attempt = 0
        self._floor_at = 0
        """Not before: the server said so."""
        self._retry_at: int | None = None
        self._condemned = False
        """The active one does not answer."""

    @property
    def wake_at(self) -> int | None:
        times = [self._retry_at]
        if self._began_at is not None:
            times.append(self._began_at + OPENING_MS)
        active = self._sockets.get(self.active) if self.active is not None else None
        if active is not None:
            if active.pinged_at is not None and not self._condemned:
                times.append(active.pinged_at + PONG_MS)
            times.append(active.ping_at if active.pinged_at is None else None)
            times.append(active.renew_at if not self._is_replacing else None)
        return earliest(*times)

    @property
    def _is_replacing(self) -> bool:
        return self._began_at is not None or self._retry_at is not None or self._next is not None

    def view(self) -> dict[str, Any]:
        return {"state": self.state, "active": self.active, "sockets": sorted(self._sockets)}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:  # noqa: C901 - an input each
        effects: list[Effect] = []
        match given["type"]:
            case "connect" if self.state in {"idle", "signed_out"}:
                self._failures = 0
                self._turn("connecting", effects)
                self._attempt(at, effects)
            case "disconnect":
                self._end("idle", effects)
            case "signed_out":
                self._end("signed_out", effects)
            case "ticket" if self._ticket_due:
                self._ticket_due = False
                self._numbers += 1
                self._opening = self._numbers
                self._sockets[self._numbers] = _Socket(self._numbers)
                effects.append({"type": "open", "socket": self._numbers, "url": given["url"]})
            case "ticket_failed" if self._ticket_due:
                self._fail(given.get("retry_after_ms", 0), at, random, effects)
            case "opened":
                self._opened(given["socket"], at, random, effects)
            case "closed":
                self._closed(given["socket"], at, random, effects)
            case "frame":
                self._frame(given["socket"], given["frame"], effects)
            case "synced" if self._next is not None:
                self._switch(effects)
            case "nudge":
                self._nudge(at, random, effects)
            case "wake":
                self._wake(at, random, effects)
        return effects

    def _turn(self, state: str, effects: list[Effect], **more: int) -> None:
        self.state = state
        effects.append({"type": "state", "state": state, **more})

    def _attempt(self, at: int, effects: list[Effect]) -> None:
        self._began_at = self._last_attempt = at
        self._retry_at, self._ticket_due = None, True
        effects.append({"type": "ticket"})

    def _end(self, state: str, effects: list[Effect]) -> None:
        if self.state == state:
            return
        effects.extend({"type": "close", "socket": number} for number in sorted(self._sockets))
        self._sockets.clear()
        if self.active is not None:
            self.active = None
            effects.append({"type": "inactive"})
        self._began_at = self._retry_at = self._opening = self._next = None
        self._ticket_due = self._condemned = False
        self._turn(state, effects)

    def _opened(self, number: int, at: int, random: Random, effects: list[Effect]) -> None:
        if number != self._opening:
            if number not in self._sockets:
                effects.append({"type": "close", "socket": number})
            return
        socket = self._sockets[number]
        socket.opened_at = at
        socket.ping_at = at + PING_MS + int(PING_JITTER_MS * random())
        socket.renew_at = at + RENEW_MS + int(RENEW_JITTER_MS * random())
        self._opening = self._began_at = None
        if self.active is None:
            self.active = number
            self._turn("open", effects)
            effects.append({"type": "active", "socket": number})
        else:
            self._next = number
        effects.append({"type": "sync"})

    def _closed(self, number: int, at: int, random: Random, effects: list[Effect]) -> None:
        socket = self._sockets.pop(number, None)
        if socket is None:
            return
        if number == self._opening:
            self._fail(0, at, random, effects)
        elif number == self._next:
            self._next = None
            self._fail(0, at, random, effects, after=socket)
        elif number == self.active:
            self.active = None
            if self._next is not None:
                self._take_over(effects)
                return
            effects.append({"type": "inactive"})
            if self._began_at is not None:
                self._turn("connecting", effects)
            elif self._retry_at is not None:
                self._turn("waiting", effects, retry_at=self._retry_at)
            else:
                self._fail(0, at, random, effects, after=socket)
            self._condemned = False

    def _fail(
        self, after_ms: int, at: int, random: Random, effects: list[Effect], after: _Socket | None = None
    ) -> None:
        """Close what was opening, and try again later; what is in use stays so, if it answers."""
        if after is not None and after.opened_at is not None and at - after.opened_at >= HEALTHY_MS:
            self._failures = 0
        if self._opening is not None and self._sockets.pop(self._opening, None) is not None:
            effects.append({"type": "close", "socket": self._opening})
        self._opening = self._began_at = None
        self._ticket_due = False
        self._floor_at = at + after_ms
        self._retry_at = at + after_ms + backoff_ms(self._failures, random)
        self._failures += 1
        if self._condemned and self.active is not None:
            del self._sockets[self.active]
            effects += [{"type": "close", "socket": self.active}, {"type": "inactive"}]
            self.active, self._condemned = None, False
        if self.active is None:
            self._turn("waiting", effects, retry_at=self._retry_at)

    def _switch(self, effects: list[Effect]) -> None:
        old = self.active
        self._take_over(effects)
        if old is not None:
            del self._sockets[old]
            effects.append({"type": "close", "socket": old})

    def _take_over(self, effects: list[Effect]) -> None:
        self.active, self._next, self._condemned = self._next, None, False
        effects.append({"type": "active", "socket": self.active})

    def _frame(self, number: int, frame: Given, effects: list[Effect]) -> None:
        socket = self._sockets.get(number)
        if socket is None:
            return
        if frame.get("type") == "signed_out":
            self._end("signed_out", effects)
            return
        socket.pinged_at = None
        if number == self.active:
            self._condemned = False
        if frame.get("type") == "pong" and frame.get("sync"):
            effects.append({"type": "sync"})

    def _nudge(self, at: int, random: Random, effects: list[Effect]) -> None:
        if self.state == "waiting":
            soonest = max(self._last_attempt + NUDGE_MS, self._floor_at)
            if at >= soonest:
                self._turn("connecting", effects)
                self._attempt(at, effects)
            elif self._retry_at is not None and soonest < self._retry_at:
                self._retry_at = soonest
                self._turn("waiting", effects, retry_at=self._retry_at)
        elif self.active is not None and self._sockets[self.active].pinged_at is None:
            self._ping(self._sockets[self.active], at, random, effects)

    def _ping(self, socket: _Socket, at: int, random: Random, effects: list[Effect]) -> None:
        self._pings += 1
        socket.pinged_at = at
        socket.ping_at = at + PING_MS + int(PING_JITTER_MS * random())
        frame = {"action": "ping", "id": f"p{self._pings}"}
        effects.append({"type": "send", "socket": socket.number, "frame": frame})

    def _wake(self, at: int, random: Random, effects: list[Effect]) -> None:
        if self._began_at is not None and at >= self._began_at + OPENING_MS:
            self._fail(0, at, random, effects)
        elif self._retry_at is not None and at >= self._retry_at:
            if self.active is None:
                self._turn("connecting", effects)
            self._attempt(at, effects)
        if self.active is None:
            return
        socket = self._sockets[self.active]
        if socket.pinged_at is not None and at >= socket.pinged_at + PONG_MS and not self._condemned:
            self._condemned = True
            if not self._is_replacing:
                self._attempt(at, effects)
        elif socket.pinged_at is None and at >= socket.ping_at:
            self._ping(socket, at, random, effects)
        if not self._is_replacing and at >= socket.renew_at:
            self._attempt(at, effects)
