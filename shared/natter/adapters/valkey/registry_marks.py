"""
`RegistryMarks` in Valkey: one key for each part of the slots, `registry:{tag}`, with a tag that puts it there.

No key of the registry can be lost with its whole part, or with a shard that holds at least one part, without its mark:
marks have no time to live and are written last. What a mark says is "complete", or who rebuilds its part, with a time
to live.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from natter.adapters.valkey.client import Valkey
from natter.domain.ids import UserId
from natter.names import REGISTRY_PARTS as PARTS
from natter.ports.delivery import RegistryMarks

CLAIM_S = 20
ASK_S = 5
"""After which it is asked again, if nobody has begun."""

_COMPLETE = "complete"

# KEYS[1] mark; ARGV: who rebuilds its part, seconds.
_HOLD = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return 0
"""

# KEYS[1] mark; ARGV: who rebuilds its part, what the mark says then.
_COMPLETED = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2])
  return 1
end
return 0
"""


class ValkeyRegistryMarks:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def claim(self, generation: str, *, most: int) -> frozenset[int]:
        """Again until enough are ours: others may take some of those that were free a moment ago."""
        with self._valkey.client() as client:
            while True:
                marks = self._read(client)
                ours = frozenset(each for each, value in enumerate(marks) if value == generation)
                free = [each for each, value in enumerate(marks) if value is None]
                if not free or len(ours) >= most:
                    return ours
                pipeline = client.pipeline(transaction=False)
                for each in free[: most - len(ours)]:
                    pipeline.set(mark(each), generation, nx=True, ex=CLAIM_S)
                pipeline.execute()

    def part_of(self, user: UserId) -> int:
        return part(connections_key(user))

    def hold(self, generation: str) -> None:
        self._on_each(_HOLD, generation, CLAIM_S)

    def complete(self, generation: str) -> int:
        return self._on_each(_COMPLETED, generation, _COMPLETE)

    def may_ask(self) -> bool:
        with self._valkey.client() as client:
            return bool(client.set("registry:asked", 1, nx=True, ex=ASK_S))

    @staticmethod
    def _read(client: Any) -> Sequence[str | None]:
        pipeline = client.pipeline(transaction=False)
        for each in range(PARTS):
            pipeline.get(mark(each))
        answers: Sequence[str | None] = pipeline.execute()
        return answers

    def _on_each(self, script: str, *values: str | int) -> int:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in range(PARTS):
                pipeline.eval(script, 1, mark(each), *values)
            return sum(pipeline.execute())


def connections_key(user: UserId) -> str:
    """Of the user's connections."""
    return f"conn:{user}"


def part(key: str) -> int:
    """In which part a key lies."""
    return key_slot(key.encode()) * PARTS // REDIS_CLUSTER_HASH_SLOTS


def mark(part_: int) -> str:
    """The key of a part's mark, which lies in it."""
    return _marks()[part_]


def is_complete(value: str | None) -> bool:
    """Whether a mark of this value, or one that is missing, says that its part has all its data."""
    return value == _COMPLETE


@lru_cache(maxsize=1)
def _marks() -> list[str]:
    found: dict[int, str] = {}
    number = 0
    while len(found) < PARTS:
        key = f"registry:{{{number}}}"
        found.setdefault(part(key), key)
        number += 1
    return [found[each] for each in range(PARTS)]


_: type[RegistryMarks] = ValkeyRegistryMarks
