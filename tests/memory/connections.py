"""`Connections` and `RegistryMarks` in memory: a registry of two parts, each of which may lose its data."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

from natter.domain.connections import MAX_CONNECTIONS, Connection, Found, Registered
from natter.domain.ids import ConnectionId, UserId
from natter.ports.delivery import Connections, RegistryMarks

PARTS = 2


class MemoryConnections:
    """Nobody's two hours are ever over, nor the minute in which a client is told again to sync."""

    def __init__(self) -> None:
        self._users: dict[UserId, dict[ConnectionId, Connection]] = {}
        self._restored: set[ConnectionId] = set()
        self._told: set[ConnectionId] = set()
        self.marks = MemoryRegistryMarks()
        self._lock = threading.Lock()

    def register(self, connection: Connection) -> Registered:
        with self._lock:
            known = self._users.setdefault(connection.user_id, {})
            is_new = connection.connection_id not in known
            known[connection.connection_id] = connection
            oldest = sorted(known.values(), key=lambda each: each.connected_at)
            displaced = tuple(oldest[: max(0, len(oldest) - MAX_CONNECTIONS)])
            for each in displaced:
                del known[each.connection_id]
            self._restored.discard(connection.connection_id)
        return Registered(is_new=is_new, displaced=displaced)

    def renew(self, connection: Connection) -> Registered:
        name = connection.connection_id
        if name in self._users.get(connection.user_id, {}) and name not in self._restored:
            return Registered(is_new=name in self._told)
        self._told.add(name)
        return replace(MemoryConnections.register(self, connection), is_new=True)

    def restore(self, connections: Sequence[Connection]) -> int:
        missing = [each for each in connections if each.connection_id not in self._users.get(each.user_id, {})]
        for each in missing:
            self._users.setdefault(each.user_id, {})[each.connection_id] = each
            self._restored.add(each.connection_id)
        return len(missing)

    def unregister(self, connection: Connection) -> None:
        known = self._users.get(connection.user_id, {})
        known.pop(connection.connection_id, None)

    def unregister_all(self, connections: Sequence[Connection]) -> None:
        for each in connections:
            MemoryConnections.unregister(self, each)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return {user: list(self._users[user].values()) for user in users if self._users.get(user)}

    def look_up(self, users: Iterable[UserId]) -> Found:
        ordered = list(users)
        forgotten = frozenset(user for user in ordered if not self.marks.is_complete(part(user)))
        return Found(connections=self.of(ordered), forgotten=forgotten)

    def lose(self, *parts: int) -> None:
        """These parts restart empty; all of them, if none are named."""
        lost = parts or range(PARTS)
        self._users = {user: owned for user, owned in self._users.items() if part(user) not in lost}
        self._told.clear()
        self.marks.lose(lost)


class MemoryRegistryMarks:
    """Claims end only when they are told to."""

    def __init__(self) -> None:
        self._marks: dict[int, str] = dict.fromkeys(range(PARTS), "complete")
        self.asked = False

    def claim(self, generation: str, *, most: int) -> frozenset[int]:
        free = [each for each in range(PARTS) if each not in self._marks]
        self._marks |= dict.fromkeys(free[:most], generation)
        return frozenset(each for each, value in self._marks.items() if value == generation)

    def part_of(self, user: UserId) -> int:
        return part(user)

    def hold(self, generation: str) -> None:
        """It goes on anyway."""

    def complete(self, generation: str) -> int:
        claimed = [each for each, value in self._marks.items() if value == generation]
        self._marks |= dict.fromkeys(claimed, "complete")
        return len(claimed)

    def may_ask(self) -> bool:
        asked, self.asked = self.asked, True
        return not asked

    def is_complete(self, part_: int) -> bool:
        return self._marks.get(part_) == "complete"

    def lose(self, parts: Iterable[int]) -> None:
        for each in parts:
            self._marks.pop(each, None)
        self.asked = False

    def end_claims(self) -> None:
        """Their time is over."""
        self._marks = {each: value for each, value in self._marks.items() if value == "complete"}


def part(user: UserId) -> int:
    return crc32(user.encode()) % PARTS


_connections: type[Connections] = MemoryConnections
_marks: type[RegistryMarks] = MemoryRegistryMarks
