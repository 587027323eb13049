"""
`Connections` in Valkey: `conn:{user}` is a sorted set of connections, scored by when they expire.

A member of the set is made of what the gateway says in every event of the connection, so whoever has an event
can name it without reading.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from natter.adapters.valkey.client import Valkey, unexpired
from natter.domain.connections import Connection
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.delivery import Connections


class ValkeyConnections:
    def __init__(self, valkey: Valkey, now_ms: Callable[[], int]) -> None:
        self._valkey = valkey
        self._now_ms = now_ms

    def register(self, connection: Connection) -> bool:
        key, now = _key(connection.user_id), self._now_ms()
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            pipeline.zremrangebyscore(key, "-inf", now)
            pipeline.zadd(key, {_dump(connection): connection.connected_at + CONNECTION_LIFETIME_S * 1000})
            pipeline.expire(key, CONNECTION_LIFETIME_S)
            _, added, _ = pipeline.execute()
        return bool(added)

    def unregister(self, connection: Connection) -> None:
        with self._valkey.client() as client:
            client.zrem(_key(connection.user_id), _dump(connection))

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        ordered, now = list(users), self._now_ms()
        if not ordered:
            return {}
        with self._valkey.client() as client:
            found = unexpired(client, map(_key, ordered), now)
        return {
            user: [_load(user, member) for member in members]
            for user, members in zip(ordered, found, strict=True)
            if members
        }


def _key(user: UserId) -> str:
    return f"conn:{user}"


def _dump(connection: Connection) -> str:
    return json.dumps(
        [
            connection.connection_id,
            connection.device_id,
            connection.session_id,
            connection.endpoint,
            connection.connected_at,
        ]
    )


def _load(user: UserId, member: str) -> Connection:
    connection_id, device_id, session_id, endpoint, connected_at = json.loads(member)
    return Connection(
        user_id=user,
        device_id=DeviceId(device_id),
        session_id=SessionId(session_id),
        connection_id=ConnectionId(connection_id),
        endpoint=endpoint,
        connected_at=connected_at,
    )


_: type[Connections] = ValkeyConnections
