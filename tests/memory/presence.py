"""The ports of presence, in memory."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import PACE_MS, SKEW_MS, DeviceState, Look, Said, Traces, Watcher
from natter.ports.presence import LookQueue, PresenceTraces, TellingPace, Watchers


class MemoryPresenceTraces:
    def __init__(self) -> None:
        self._users: defaultdict[UserId, Traces] = defaultdict(Traces)

    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        known = self._users[user]
        if known.seen_at is None or known.seen_at <= at:
            self._users[user] = replace(known, seen_at=at, seen_on=device)

    def say(self, user: UserId, device: DeviceId, state: DeviceState, *, at: int) -> None:
        self.see(user, device, at=at)
        known = self._users[user]
        self._users[user] = replace(known, said={**known.said, device: Said(state=state, at=at)})

    def leave(self, user: UserId, device: DeviceId, *, at: int) -> None:
        self.see(user, device, at=at)
        known = self._users[user]
        kept = {each: said for each, said in known.said.items() if each != device or said.state == "away"}
        self._users[user] = replace(known, said=kept)

    def restore(self, traces: Mapping[UserId, Traces]) -> None:
        for user, each in traces.items():
            if each.seen_at is not None and each.seen_on is not None:
                self.see(user, each.seen_on, at=each.seen_at)
            known = self._users[user]
            later = {
                device: said
                for device, said in each.said.items()
                if device not in known.said or known.said[device].at < said.at
            }
            self._users[user] = replace(known, said={**known.said, **later})

    def lose(self) -> None:
        """The cache restarts empty."""
        self._users.clear()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Traces]:
        return {user: self._users[user] for user in users}

    def forget(self, user: UserId) -> None:
        self._users.pop(user, None)


class MemoryWatchers:
    """Nobody's ten minutes are ever over."""

    def __init__(self) -> None:
        self._watched: dict[Watcher, frozenset[UserId]] = {}

    def watch(self, watcher: Watcher, users: Collection[UserId]) -> None:
        self._watched[watcher] = frozenset(users)

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Watcher]]:
        found = {user: [watcher for watcher, watched in self._watched.items() if user in watched] for user in users}
        return {user: watchers for user, watchers in found.items() if watchers}

    def forget(self, user: UserId) -> None:
        self._watched = {watcher: watched - {user} for watcher, watched in self._watched.items()}


class MemoryTellingPace:
    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._told_at: dict[UserId, int] = {}
        self._due_at: dict[UserId, int] = {}

    def begin(self, users: Collection[UserId]) -> frozenset[UserId]:
        now = self._now_ms()
        free = [user for user in users if now - self._told_at.get(user, 0) >= PACE_MS]
        self._told_at |= dict.fromkeys(free, now)
        return frozenset(free)

    def awaited(self, users: Collection[UserId]) -> frozenset[UserId]:
        return frozenset(user for user in users if self._due_at.get(user, 0) - SKEW_MS > self._now_ms())

    def expect(self, users: Collection[UserId], *, due_at: int) -> None:
        self._due_at |= dict.fromkeys(users, due_at)


class MemoryLookQueue:
    """What was added can be read back."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Look, int]] = []
        """What, and after how many seconds."""

    def add(self, looks: Sequence[Look], *, delay_s: int = 0) -> None:
        self.waiting += [(look, delay_s) for look in looks]


_traces: type[PresenceTraces] = MemoryPresenceTraces
_watchers: type[Watchers] = MemoryWatchers
_pace: type[TellingPace] = MemoryTellingPace
_looks: type[LookQueue] = MemoryLookQueue
