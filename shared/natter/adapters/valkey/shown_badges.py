"""
`ShownBadges` in Valkey: `badges:{user}`, a hash of devices and the numbers that they show, `own` where something
was read last; `badge-told:{user}`, when they were told last, or are to be, as `natter.domain.push.badges` decides.
"""

from collections.abc import Collection, Mapping

from natter.adapters.valkey.client import Valkey
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.badges import PACE_MS, STEP_MS, UNKNOWN, Readers
from natter.ports.push import ShownBadges

TTL_S = 30 * 24 * 3600
"""Who was pushed nothing for so long, and has read nothing, has other worries."""

_OWN = "own"

# KEYS[1] what the devices show; ARGV: the device on which something was read, empty if it is not known.
_READ = f"""
local shown = redis.call('HGETALL', KEYS[1])
for i = 1, #shown, 2 do
  if shown[i] == ARGV[1] then
    redis.call('HSET', KEYS[1], shown[i], '{_OWN}')
  elseif shown[i + 1] == '{_OWN}' then
    redis.call('HSET', KEYS[1], shown[i], '{UNKNOWN}')
  end
end
"""

# KEYS[1] when they were told; ARGV: now. Returns when to tell them, or nothing.
_TELL = f"""
local last, now = tonumber(redis.call('GET', KEYS[1])), tonumber(ARGV[1])
local at = now
if last and last + {PACE_MS} > now then
  if last > now then return false end
  at = math.ceil((last + {PACE_MS}) / {STEP_MS}) * {STEP_MS}
end
redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', at - now + {PACE_MS})
return at
"""


class ValkeyShownBadges:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def note(self, shown: Mapping[tuple[UserId, DeviceId], int]) -> None:
        if not shown:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for (user, device), badge in shown.items():
                if badge:
                    pipeline.hset(_shown(user), device, badge)
                    pipeline.expire(_shown(user), TTL_S)
                else:
                    pipeline.hdel(_shown(user), device)
            pipeline.execute()

    def read(self, readers: Readers) -> None:
        if not readers:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user, device in readers.items():
                pipeline.eval(_READ, 1, _shown(user), device or "")
            pipeline.execute()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Mapping[DeviceId, int]]:
        ordered = list(users)
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.hgetall(_shown(user))
            found = zip(ordered, map(_loaded, pipeline.execute()), strict=True)
            return {user: each for user, each in found if each}

    def due(self, users: Collection[UserId], *, now: int) -> Mapping[UserId, int]:
        ordered = list(self.of(users))
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.eval(_TELL, 1, _told(user), now)
            return {user: at for user, at in zip(ordered, pipeline.execute(), strict=True) if at is not None}

    def forget(self, user: UserId) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            pipeline.delete(_shown(user))
            pipeline.delete(_told(user))
            pipeline.execute()


def _loaded(shown: Mapping[str, str]) -> Mapping[DeviceId, int]:
    return {DeviceId(device): int(badge) for device, badge in shown.items() if badge != _OWN}


def _shown(user: UserId) -> str:
    return f"badges:{user}"


def _told(user: UserId) -> str:
    return f"badge-told:{user}"


_: type[ShownBadges] = ValkeyShownBadges
