"""`Connections` in memory."""

from collections.abc import Iterable, Mapping, Sequence

from natter.domain.connections import Connection
from natter.domain.ids import ConnectionId, UserId
from natter.ports.delivery import Connections


class MemoryConnections:
    def __init__(self) -> None:
        self._users: dict[UserId, dict[ConnectionId, Connection]] = {}

    def register(self, connection: Connection) -> bool:
        known = self._users.setdefault(connection.user_id, {})
        is_new = connection.connection_id not in known
        known[connection.connection_id] = connection
        return is_new

    def unregister(self, connection: Connection) -> None:
        known = self._users.get(connection.user_id, {})
        known.pop(connection.connection_id, None)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return {user: list(self._users[user].values()) for user in users if self._users.get(user)}


_: type[Connections] = MemoryConnections
