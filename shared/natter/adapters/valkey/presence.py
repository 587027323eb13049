"""
The ports of presence in Valkey.

`presence:{user}` is a hash: `seen_at`, `seen_on`, and `said:{device}`, "away" or "online" and since when.
`watching:{connection}` is the set of users that a connection is told of; `watchers:{user}`, where those connections are
found, a sorted set scored by when they stop to be told.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from natter.adapters.valkey.client import Valkey, unexpired
from natter.domain.clock import NowMs
from natter.domain.ids import ConnectionId, DeviceId, UserId
from natter.domain.presence import DeviceState, Said, Traces, Watcher
from natter.ports.presence import PresenceTraces, Watchers

TRACES_TTL_S = 30 * 24 * 3600
"""Who was not there for so long is offline, and not said since when."""

WATCH_S = 600
"""How long a connection is told of others after it has said of whom."""

_SAID = "said:"

# KEYS[1] traces; ARGV: milliseconds, device, seconds to keep them. Only forward: what is repeated may be older.
_SEE = """
if tonumber(redis.call('HGET', KEYS[1], 'seen_at') or '0') <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'seen_at', ARGV[1], 'seen_on', ARGV[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

# KEYS[1] traces; ARGV: the field of a device.
_LEAVE = """
if string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^online') then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
"""

# KEYS[1] traces; ARGV: milliseconds, device, seconds to keep them, then field, state and milliseconds of each device.
_RESTORE = f"""
{_SEE}
for i = 4, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if not known or tonumber(string.match(known, '%d+$')) < tonumber(ARGV[i + 2]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  end
end
"""


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
            pipeline.hset(_traces(user), f"{_SAID}{device}", f"{state} {at}")
            _see(pipeline, user, device, at)
            pipeline.execute()

    def leave(self, user: UserId, device: DeviceId, *, at: int) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            pipeline.eval(_LEAVE, 1, _traces(user), f"{_SAID}{device}")
            _see(pipeline, user, device, at)
            pipeline.execute()

    def restore(self, traces: Mapping[UserId, Traces]) -> None:
        if not traces:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user, each in traces.items():
                said = [
                    value for device, said in each.said.items() for value in (f"{_SAID}{device}", said.state, said.at)
                ]
                pipeline.eval(_RESTORE, 1, _traces(user), each.seen_at or 0, each.seen_on or "", TRACES_TTL_S, *said)
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
    def __init__(self, valkey: Valkey, now_ms: NowMs) -> None:
        self._valkey = valkey
        self._now_ms = now_ms

    def watch(self, watcher: Watcher, users: Collection[UserId]) -> None:
        """First where it is found, then what counts: of what was interrupted in between, nobody is told."""
        now, member = self._now_ms(), json.dumps([watcher.user_id, watcher.connection_id])
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in users:
                pipeline.zremrangebyscore(_watchers(user), "-inf", now)
                pipeline.zadd(_watchers(user), {member: now + WATCH_S * 1000})
                pipeline.expire(_watchers(user), WATCH_S)
            pipeline.execute()
            transaction = client.pipeline(transaction=True)
            transaction.delete(_watched(watcher))
            if users:
                transaction.sadd(_watched(watcher), *users)
                transaction.expire(_watched(watcher), WATCH_S)
            transaction.execute()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Watcher]]:
        ordered, now = list(users), self._now_ms()
        if not ordered:
            return {}
        with self._valkey.client() as client:
            members_of = zip(ordered, unexpired(client, map(_watchers, ordered), now), strict=True)
            found = [(user, _watcher(member)) for user, members in members_of for member in members]
            pipeline = client.pipeline(transaction=False)
            for user, watcher in found:
                pipeline.sismember(_watched(watcher), user)
            still = pipeline.execute() if found else ()
        watchers: dict[UserId, list[Watcher]] = {}
        for (user, watcher), counts in zip(found, still, strict=True):
            if counts:
                watchers.setdefault(user, []).append(watcher)
        return watchers

    def forget(self, user: UserId) -> None:
        with self._valkey.client() as client:
            client.delete(_watchers(user))


def _traces(user: UserId) -> str:
    return f"presence:{user}"


def _watchers(user: UserId) -> str:
    return f"watchers:{user}"


def _watched(watcher: Watcher) -> str:
    return f"watching:{watcher.connection_id}"


def _see(pipeline: Any, user: UserId, device: DeviceId, at: int) -> None:
    pipeline.eval(_SEE, 1, _traces(user), at, device, TRACES_TTL_S)


def _load(fields: Mapping[str, str]) -> Traces:
    seen_at, seen_on = fields.get("seen_at"), fields.get("seen_on")
    return Traces(
        seen_at=None if seen_at is None else int(seen_at),
        seen_on=None if seen_on is None else DeviceId(seen_on),
        said={
            DeviceId(name.removeprefix(_SAID)): _said(value) for name, value in fields.items() if name.startswith(_SAID)
        },
    )


def _said(value: str) -> Said:
    state, _, at = value.partition(" ")
    return Said(state="away" if state == "away" else "online", at=int(at))


def _watcher(member: str) -> Watcher:
    user_id, connection_id = json.loads(member)
    return Watcher(user_id=UserId(user_id), connection_id=ConnectionId(connection_id))


_presence_traces: type[PresenceTraces] = ValkeyPresenceTraces
_presence_watchers: type[Watchers] = ValkeyWatchers
