"""
`RateLimits` on Valkey, as the generic cell rate algorithm: one number per bucket, the moment at which it will be full.

It is a token bucket told in time: a token is an interval, and taking one moves that moment on. One script on one
key, by the server's clock, so it is atomic and no two environments disagree about the time.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from natter.adapters.valkey.client import Valkey
from natter.domain.errors import RateLimited, Unavailable
from natter.domain.limits import Bucket
from natter.ports.limits import RateLimits

_logger = logging.getLogger(__name__)

type How = Literal["take", "look", "charge"]

# KEYS[1] bucket; ARGV: milliseconds per token, burst, cost (negative: given back), and what is to become of the bucket:
# `take`, nothing if there are not enough; `look`, nothing at all; `charge`, taken all the same, at most to one burst
# below. Answers 0, or milliseconds to wait.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + cost * interval
local wait = math.max(full_at - burst * interval - now, 0)
if wait <= 0.001 then wait = 0 end
if ARGV[4] == 'look' or (ARGV[4] == 'take' and cost > 0 and wait > 0) then return math.ceil(wait) end
full_at = math.min(full_at, now + 2 * burst * interval)
if full_at <= now then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now))
end
return cost > 0 and math.ceil(wait) or 0
"""


class ValkeyRateLimits:
    """
    Args:
        adjusted: buckets that are others here than who takes from them says, by name.
    """

    def __init__(self, valkey: Valkey, adjusted: Mapping[str, Bucket] = MappingProxyType({})) -> None:
        self._valkey = valkey
        self._adjusted = adjusted

    def take(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        _refuse(self._move(bucket, key, cost))

    def look(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        _refuse(self._move(bucket, key, cost, "look"))

    def charge(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        _refuse(self._move(bucket, key, cost, "charge"))

    def give_back(self, bucket: Bucket, key: str, cost: int = 1) -> None:
        self._move(bucket, key, -cost)

    def _move(self, bucket: Bucket, key: str, cost: int, how: How = "take") -> int:
        try:
            with self._valkey.client() as client:
                return int(move(client, self._adjusted.get(bucket.name, bucket), key, cost, how))
        except Unavailable as error:
            _logger.warning("rate limit %s is open: %s", bucket.name, error)
            return 0


def move(client: Any, bucket: Bucket, key: str, cost: int, how: How = "take") -> Any:
    """With a client or a pipeline of one: take `cost` tokens. Answers 0, or how many milliseconds to wait."""
    return client.eval(_TAKE, 1, f"rate:{bucket.name}:{key}", f"{1000 / bucket.rate:.3f}", bucket.burst, cost, how)


def _refuse(wait_ms: int) -> None:
    if wait_ms:
        raise RateLimited(retry_after_ms=wait_ms)


_: type[RateLimits] = ValkeyRateLimits
