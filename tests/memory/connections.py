"""`Connections` and `RegistryMarks` in memory: a registry of two parts, each of which may lose its data."""

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from natter.domain.connections import Connection, Found
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

    def register(self, connection: Connection) -> None:
        self._users.setdefault(connection.user_id, {})[connection.connection_id] = connection
        self._restored.discard(connection.connection_id)

    def renew(self, connection: Connection) -> bool:
        name = connection.connection_id
        if name not in self._users.get(connection.user_id, {}) or name in self._restored:
            self._told.add(name)
            MemoryConnections.register(self, connection)
        return name in self._told

    def restore(self, connections: Sequence[Connection]) -> int:
        missing = [each for each in connections if each.connection_id not in self._users.get(each.user_id, {})]
        for each in missing:
            MemoryConnections.register(self, each)
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

    def claim(self, generation: str) -> int:
        for each in range(PARTS):
            self._marks.setdefault(each, generation)
        return list(self._marks.values()).count(generation)

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
