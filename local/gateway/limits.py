"""API Gateway's quotas and rate limits, without I/O."""

import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.model import Api, Throttle


@dataclass(frozen=True, kw_only=True)
class WebSocketLimits:
    """The fixed quotas of WebSocket APIs; tests shorten the times."""

    idle_s: float = 600.0
    lifetime_s: float = 7200.0
    frame_bytes: int = 32 * 1024
    message_bytes: int = 128 * 1024


class TokenBucket:
    """A rate of `rate` per second with bursts of up to `burst`; without a rate it never refuses."""

    def __init__(self, rate: float | None, burst: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst if burst is not None else rate or 0.0
        self._clock = clock
        self._tokens = self._burst
        self._filled = clock()

    def take(self) -> bool:
        if self._rate is None:
            return True
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttles:
    """
    The buckets of an API's stage. A route with settings of its own has a bucket of its own, which the stage's default
    does not count against; all others share that one.
    """

    def __init__(self, api: Api) -> None:
        self._default = _bucket(api.throttle)
        self._routes = {key: _bucket(throttle) for key, throttle in api.route_throttles.items()}

    def take(self, route_key: str | None) -> bool:
        """Whether one more is let through to the route; None: to no route, or to a connection."""
        return self._routes.get(route_key or "", self._default).take()


def _bucket(throttle: Throttle) -> TokenBucket:
    return TokenBucket(throttle.rate, throttle.burst)


def new_id() -> str:
    """An id in the form of API Gateway's connection, message and request ids, e.g. `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()
