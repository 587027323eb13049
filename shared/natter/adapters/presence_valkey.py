"""
The ports of presence in Valkey.

`presence:{user}` is a hash: `seen_at`, `seen_on`, `told`, and `away:{device}` of every device that has said so.
`watchers:{user}` is a sorted set of connections, scored by when they stop to be told; `watching:{connection}` is the
set of users that a connection is told of.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from natter.adapters.valkey import Valkey
from natter.domain.ids import ConnectionId, DeviceId, UserId
from natter.domain.presence import DeviceState, PresenceState, Traces
from natter.ports.presence import PresenceTraces, Watcher, Watchers

TRACES_TTL_S = 30 * 24 * 3600
"""Who was not there for so long is offline, and not said since when."""

WATCH_S = 600
"""How long a connection is told of others after it has said of whom."""

_AWAY = "away:"


class ValkeyPresenceTraces:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            _see(pipeline, user, device, at)
            pipeline.execute()

    def say(self, user: UserId, device: DeviceId, state: DeviceState, *, at: int) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            if state == "away":
                pipeline.hset(_traces(user), f"{_AWAY}{device}", 1)
            else:
                pipeline.hdel(_traces(user), f"{_AWAY}{device}")
            _see(pipeline, user, device, at)
            pipeline.execute()

    def note_told(self, states: Mapping[UserId, PresenceState | None]) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user, state in states.items():
                if state is None:
                    pipeline.hdel(_traces(user), "told")
                else:
                    pipeline.hset(_traces(user), "told", state)
                    pipeline.expire(_traces(user), TRACES_TTL_S)
            pipeline.execute()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Traces]:
        ordered = list(users)
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.hgetall(_traces(user))
            return {user: _load(fields) for user, fields in zip(ordered, pipeline.execute(), strict=True)}

    def forget(self, user: UserId) -> None:
        with self._valkey.client() as client:
            client.delete(_traces(user))


class ValkeyWatchers:
    def __init__(self, valkey: Valkey, now_ms: Callable[[], int]) -> None:
        self._valkey = valkey
        self._now_ms = now_ms

    def watch(self, watcher: Watcher, users: Collection[UserId]) -> None:
        before, until = self._replace(watcher, users), self._now_ms() + WATCH_S * 1000
        member = json.dumps([watcher.user_id, watcher.connection_id])
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in before.difference(users):
                pipeline.zrem(_watchers(user), member)
            for user in users:
                pipeline.zremrangebyscore(_watchers(user), "-inf", self._now_ms())
                pipeline.zadd(_watchers(user), {member: until})
                pipeline.expire(_watchers(user), WATCH_S)
            pipeline.execute()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Watcher]]:
        ordered, now = list(users), self._now_ms()
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.zrangebyscore(_watchers(user), now, "+inf")
            found = pipeline.execute()
        return {
            user: [_watcher(member) for member in members]
            for user, members in zip(ordered, found, strict=True)
            if members
        }

    def forget(self, user: UserId) -> None:
        with self._valkey.client() as client:
            client.delete(_watchers(user))

    def _replace(self, watcher: Watcher, users: Collection[UserId]) -> set[UserId]:
        """The list that `users` take the place of: of two calls at once, each takes another's place."""
        key = f"watching:{watcher.connection_id}"
        with self._valkey.client() as client:
            transaction = client.pipeline(transaction=True)
            transaction.smembers(key)
            transaction.delete(key)
            if users:
                transaction.sadd(key, *users)
                transaction.expire(key, WATCH_S)
            before: set[UserId] = transaction.execute()[0]
        return before


def _traces(user: UserId) -> str:
    return f"presence:{user}"


def _watchers(user: UserId) -> str:
    return f"watchers:{user}"


def _see(pipeline: Any, user: UserId, device: DeviceId, at: int) -> None:
    pipeline.hset(_traces(user), mapping={"seen_at": at, "seen_on": device})
    pipeline.expire(_traces(user), TRACES_TTL_S)


def _load(fields: Mapping[str, str]) -> Traces:
    seen_at, seen_on = fields.get("seen_at"), fields.get("seen_on")
    return Traces(
        seen_at=None if seen_at is None else int(seen_at),
        seen_on=None if seen_on is None else DeviceId(seen_on),
        away=frozenset(DeviceId(name.removeprefix(_AWAY)) for name in fields if name.startswith(_AWAY)),
        told=cast("PresenceState | None", fields.get("told")),
    )


def _watcher(member: str) -> Watcher:
    user_id, connection_id = json.loads(member)
    return Watcher(user_id=UserId(user_id), connection_id=ConnectionId(connection_id))


_presence_traces: type[PresenceTraces] = ValkeyPresenceTraces
_presence_watchers: type[Watchers] = ValkeyWatchers
