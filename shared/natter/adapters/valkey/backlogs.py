"""
`Backlogs` in Valkey: `backlog:{epoch}:{partition}` is a hash that is there only while the partition is behind.

What is left replaces what was left before, with what was added since: a hash that a consumer has not left has no
`at`, and is none.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from natter.adapters.valkey.client import Valkey
from natter.domain.messages.backlog import VALID_MS, Backlog
from natter.names import EPOCH
from natter.ports.messages import Backlogs

_FIELDS = ("at", "next_offset", "items", "granted", "item_ms", "added")


class ValkeyBacklogs:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def get(self, partitions: Collection[int]) -> Mapping[int, Backlog]:
        ordered = list(partitions)
        if not ordered:
            return {}
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in ordered:
                ask_for_backlog(pipeline, each)
            found = map(backlog_of, ordered, pipeline.execute())
            return {each.partition: each for each in found if each is not None}

    def leave(self, backlogs: Collection[Backlog]) -> None:
        if not backlogs:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in backlogs:
                key = _key(each.partition)
                pipeline.hset(key, mapping={name: getattr(each, name) for name in _FIELDS})
                pipeline.pexpire(key, VALID_MS)
            pipeline.execute()

    def add(self, known: Backlog, items: int) -> None:
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            pipeline.hincrby(_key(known.partition), "added", items)
            pipeline.pexpire(_key(known.partition), VALID_MS)
            pipeline.execute()


def ask_for_backlog(client: Any, partition: int) -> Any:
    """With a client or a pipeline of one: what is known of a partition, for `backlog_of`."""
    return client.hmget(_key(partition), *_FIELDS)


def backlog_of(partition: int, found: Sequence[str | None]) -> Backlog | None:
    at, next_offset, items, granted, item_ms, added = found
    if at is None or next_offset is None or items is None or granted is None or item_ms is None:
        return None
    return Backlog(
        partition=partition,
        at=int(at),
        next_offset=int(next_offset),
        items=int(items),
        granted=int(granted),
        item_ms=float(item_ms),
        added=int(added or 0),
    )


def _key(partition: int) -> str:
    return f"backlog:{EPOCH}:{partition}"


_: type[Backlogs] = ValkeyBacklogs
