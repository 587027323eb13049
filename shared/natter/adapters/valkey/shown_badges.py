"""
`ShownBadges` in Valkey: `badges:{user}`, a hash of devices and the numbers that they show; `badge-told:{user}`, for a
minute after they were told; `badge-due:{user}`, until they are told once more.
"""

from collections.abc import Collection, Mapping

from natter.adapters.valkey.client import Valkey
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.wording import BADGE_PACE_MS
from natter.ports.push import ShownBadges

TTL_S = 30 * 24 * 3600
"""Who was pushed nothing for so long, and has read nothing, has other worries."""


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

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Mapping[DeviceId, int]]:
        ordered = list(users)
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.hgetall(_shown(user))
            found = zip(ordered, pipeline.execute(), strict=True)
            return {user: _loaded(each) for user, each in found if each}

    def due(self, users: Collection[UserId]) -> Mapping[UserId, int]:
        with self._valkey.client() as client:
            ordered = list(self.of(users))
            pipeline = client.pipeline(transaction=False)
            for user in ordered:
                pipeline.set(f"badge-told:{user}", 1, nx=True, px=BADGE_PACE_MS)
            due = {user: 0 for user, is_first in zip(ordered, pipeline.execute(), strict=True) if is_first}
            waiting = [user for user in ordered if user not in due]
            for user in waiting:
                pipeline.pttl(f"badge-told:{user}")
                pipeline.set(f"badge-due:{user}", 1, nx=True, px=BADGE_PACE_MS)
            answers = iter(pipeline.execute())
            for user, left_ms, is_first in zip(waiting, answers, answers, strict=True):
                if is_first:
                    due[user] = max(0, left_ms)
            return due


def _loaded(shown: Mapping[str, str]) -> Mapping[DeviceId, int]:
    return {DeviceId(device): int(badge) for device, badge in shown.items()}


def _shown(user: UserId) -> str:
    return f"badges:{user}"


_: type[ShownBadges] = ValkeyShownBadges
