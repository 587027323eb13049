"""The ports of presence, in memory."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import DeviceState, Look, Traces, Watcher
from natter.ports.presence import LookQueue, PresenceTraces, Watchers


class MemoryPresenceTraces:
    def __init__(self) -> None:
        self._users: defaultdict[UserId, Traces] = defaultdict(Traces)

    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        known = self._users[user]
        if known.seen_at is None or known.seen_at <= at:
            self._users[user] = replace(known, seen_at=at, seen_on=device)

    def say(self, user: UserId, device: DeviceId, state: DeviceState, *, at: int) -> None:
        self.see(user, device, at=at)
        away = self._users[user].away
        self._users[user] = replace(self._users[user], away=away | {device} if state == "away" else away - {device})

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


class MemoryLookQueue:
    """What was added can be read back."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Look, int]] = []
        """What, and after how many seconds."""

    def add(self, looks: Sequence[Look], *, delay_s: int = 0) -> None:
        self.waiting += [(look, delay_s) for look in looks]


_traces: type[PresenceTraces] = MemoryPresenceTraces
_watchers: type[Watchers] = MemoryWatchers
_looks: type[LookQueue] = MemoryLookQueue
