"""
`TellingPace` in Valkey: `paced:{user}` for a second after somebody was told of a user, `expected:{user}` until shortly
before they are looked at.
"""

from collections.abc import Collection

from natter.adapters.valkey.client import Valkey
from natter.domain.ids import UserId
from natter.domain.presence import PACE_MS, SKEW_MS
from natter.ports.presence import TellingPace


class ValkeyTellingPace:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def begin(self, users: Collection[UserId]) -> frozenset[UserId]:
        if not users:
            return frozenset()
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in users:
                pipeline.set(f"paced:{user}", 1, nx=True, px=PACE_MS)
            return frozenset(user for user, was_set in zip(users, pipeline.execute(), strict=True) if was_set)

    def awaited(self, users: Collection[UserId]) -> frozenset[UserId]:
        if not users:
            return frozenset()
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in users:
                pipeline.exists(f"expected:{user}")
            return frozenset(user for user, is_there in zip(users, pipeline.execute(), strict=True) if is_there)

    def expect(self, users: Collection[UserId], *, due_at: int) -> None:
        """By the time of day and not for a while: who says it late, says nothing."""
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for user in users:
                pipeline.set(f"expected:{user}", 1, pxat=due_at - SKEW_MS)
            pipeline.execute()


_: type[TellingPace] = ValkeyTellingPace
