"""`Connections` in memory."""

import threading
from collections.abc import Iterable, Mapping, Sequence

from natter.domain.connections import MAX_CONNECTIONS, Connection, Registered
from natter.domain.ids import ConnectionId, UserId
from natter.ports.delivery import Connections


class MemoryConnections:
    def __init__(self) -> None:
        self._users: dict[UserId, dict[ConnectionId, Connection]] = {}
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
        return Registered(is_new=is_new, displaced=displaced)

    def lose(self) -> None:
        """As a registry that has lost its data."""
        self._users.clear()

    def unregister(self, connection: Connection) -> None:
        known = self._users.get(connection.user_id, {})
        known.pop(connection.connection_id, None)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return {user: list(self._users[user].values()) for user in users if self._users.get(user)}


_: type[Connections] = MemoryConnections
