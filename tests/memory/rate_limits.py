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
        now, interval_ms = self._clock(), 1000 / bucket.rate
        with self._lock:
            full_at = max(self._full_at[bucket.name, key], now) + cost * interval_ms
            wait_ms = full_at - bucket.burst * interval_ms - now
            if wait_ms > 0.001:
                raise RateLimited(retry_after_ms=math.ceil(wait_ms))
            self._full_at[bucket.name, key] = full_at

    def give_back(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        with self._lock:
            self._full_at[bucket.name, key] -= cost * 1000 / bucket.rate


_: type[RateLimits] = MemoryRateLimits
