"""`RateLimits` in memory, for tests of what uses them."""

import math
import threading
from collections import defaultdict

from natter.domain.clock import NowMs
from natter.domain.errors import RateLimited
from natter.domain.limits import Bucket
from natter.ports.limits import RateLimits


class MemoryRateLimits:
    def __init__(self, clock: NowMs) -> None:
        self._clock = clock
        self._full_at: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._lock = threading.Lock()

    def take(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        with self._lock:
            full_at, wait_ms = self._after(bucket, key, cost)
            if not wait_ms:
                self._full_at[bucket.name, key] = full_at
        _refuse(wait_ms)

    def look(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        with self._lock:
            _, wait_ms = self._after(bucket, key, cost)
        _refuse(wait_ms)

    def charge(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        with self._lock:
            full_at, wait_ms = self._after(bucket, key, cost)
            least = self._clock() + 2 * bucket.burst * 1000 / bucket.rate
            self._full_at[bucket.name, key] = min(full_at, least)
        _refuse(wait_ms)

    def _after(self, bucket: Bucket, key: str, cost: int) -> tuple[float, int]:
        """When it is full again if these are taken; how long to wait until they are there (ms)."""
        now, interval_ms = self._clock(), 1000 / bucket.rate
        full_at = max(self._full_at[bucket.name, key], now) + cost * interval_ms
        wait_ms = full_at - bucket.burst * interval_ms - now
        return full_at, math.ceil(wait_ms) if wait_ms > 0.001 else 0

    def give_back(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        with self._lock:
            self._full_at[bucket.name, key] -= cost * 1000 / bucket.rate


def _refuse(wait_ms: int) -> None:
    if wait_ms:
        raise RateLimited(retry_after_ms=wait_ms)


_: type[RateLimits] = MemoryRateLimits
