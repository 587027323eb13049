"""
`Connections` in Valkey: `conn:{user}` is a sorted set of connections, scored by when they expire.

A member of the set is made of what the gateway says in every event of the connection, so whoever has an event
can name it without reading. Which of a user's connections are too many is decided by the script that adds one.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from natter.adapters.valkey.client import Valkey, unexpired
from natter.domain.connections import MAX_CONNECTIONS, Connection, Registered
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.delivery import Connections

# KEYS[1] connections; ARGV: milliseconds now, when it expires, member, seconds to keep the set, most members of it.
_REGISTER = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local added = redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
local beyond = redis.call('ZCARD', KEYS[1]) - ARGV[5]
local displaced = {}
if beyond > 0 then
  displaced = redis.call('ZRANGE', KEYS[1], 0, beyond - 1)
  redis.call('ZREM', KEYS[1], unpack(displaced))
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
return {added, displaced}
"""


class ValkeyConnections:
    def __init__(self, valkey: Valkey, now_ms: Callable[[], int]) -> None:
        self._valkey = valkey
        self._now_ms = now_ms

    def register(self, connection: Connection) -> Registered:
        user = connection.user_id
        with self._valkey.client() as client:
            added, displaced = client.eval(
                _REGISTER,
                1,
                _key(user),
                self._now_ms(),
                connection.connected_at + CONNECTION_LIFETIME_S * 1000,
                _dump(connection),
                CONNECTION_LIFETIME_S,
                MAX_CONNECTIONS,
            )
        return Registered(is_new=bool(added), displaced=tuple(_load(user, member) for member in displaced))

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


def is_registered(client: Any, connection: Connection) -> Any:
    """With a client or a pipeline of one: something, or None if the connection is not registered."""
    return client.zscore(_key(connection.user_id), _dump(connection))


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
