"""
`Connections` in Valkey: `conn:{user}` is a sorted set of connections, scored by when they expire.

A member of the set is made of what the gateway says in every event of the connection, so whoever has an event
can name it without reading. Which of a user's connections are too many is decided by the script that adds one. Half a
millisecond more in its score says that it was restored: its client has not been told to sync. `told:{connection}` says
that it was, a moment ago.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.registry_marks import connections_key, is_complete, mark, part
from natter.domain.clock import NowMs
from natter.domain.connections import MAX_CONNECTIONS, Connection, Found, Registered
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.delivery import Connections

RESTORED = 0.5
TOLD_S = 60
"""How long a client that was told to sync is told again: the answer may have been lost."""
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
    def __init__(self, valkey: Valkey, now_ms: NowMs) -> None:
        self._valkey = valkey
        self._now_ms = now_ms

    def register(self, connection: Connection) -> Registered:
        user = connection.user_id
        with self._valkey.client() as client:
            added, displaced = client.eval(
                _REGISTER,
                1,
                connections_key(user),
                self._now_ms(),
                _expires_at(connection),
                _dump(connection),
                CONNECTION_LIFETIME_S,
                MAX_CONNECTIONS,
            )
        return Registered(is_new=bool(added), displaced=tuple(_load(user, member) for member in displaced))

    def renew(self, connection: Connection) -> Registered:
        """What it answers is noted before it is changed: repeating it, as the client does by itself, is safe."""
        told = f"told:{connection.connection_id}"
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            is_registered(pipeline, connection)
            pipeline.exists(told)
            score, is_told = pipeline.execute()
            if score == _expires_at(connection):
                return Registered(is_new=bool(is_told))
            client.set(told, 1, ex=TOLD_S)
        return replace(self.register(connection), is_new=True)

    def restore(self, connections: Sequence[Connection]) -> int:
        now = self._now_ms()
        members: dict[UserId, dict[str, float]] = {}
        for each in connections:
            if _expires_at(each) > now:
                members.setdefault(each.user_id, {})[_dump(each)] = _expires_at(each) + RESTORED
        if not members:
            return 0
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user, scores in members.items():
                pipeline.zadd(connections_key(user), scores, nx=True)
                pipeline.expire(connections_key(user), CONNECTION_LIFETIME_S)
            return sum(pipeline.execute()[::2])

    def unregister(self, connection: Connection) -> None:
        with self._valkey.client() as client:
            client.zrem(connections_key(connection.user_id), _dump(connection))

    def unregister_all(self, connections: Sequence[Connection]) -> None:
        if not connections:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in connections:
                pipeline.zrem(connections_key(each.user_id), _dump(each))
            pipeline.execute()

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return self.look_up(users).connections

    def look_up(self, users: Iterable[UserId]) -> Found:
        """The marks are asked for in the same trip, behind the connections: what is lost in between is noticed."""
        ordered, now = list(users), self._now_ms()
        if not ordered:
            return Found(connections={}, forgotten=frozenset())
        keys = [connections_key(user) for user in ordered]
        parts = [part(key) for key in keys]
        marks = list(dict.fromkeys(parts))
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.zrangebyscore(key, now, "+inf")
            for each in marks:
                pipeline.get(mark(each))
            answers = pipeline.execute()
        incomplete = {each for each, value in zip(marks, answers[len(keys) :], strict=True) if not is_complete(value)}
        return Found(
            connections={
                user: [_load(user, member) for member in members]
                for user, members in zip(ordered, answers[: len(keys)], strict=True)
                if members
            },
            forgotten=frozenset(user for user, each in zip(ordered, parts, strict=True) if each in incomplete),
        )


def is_registered(client: Any, connection: Connection) -> Any:
    """With a client or a pipeline of one: something, or None if the connection is not registered."""
    return client.zscore(connections_key(connection.user_id), _dump(connection))


def _expires_at(connection: Connection) -> int:
    return connection.connected_at + CONNECTION_LIFETIME_S * 1000


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
