"""
`HeadCache` in Valkey: `head:{conversation}`, moved forward by a script that compares (epoch, seq).

What is not there is put in under a lease, which an advance or a loss of the data takes away (the scheme of "Scaling
Memcache at Facebook", NSDI 2013, section 3.2.1).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched

from natter.adapters.valkey.client import Valkey
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, new_id
from natter.domain.messages.events import Head, HeadPlace
from natter.ports.reading import HeadCache, ReadTable
from natter.records.messages import dump_head, load_head

_logger = logging.getLogger(__name__)

TTL_S = 7 * 24 * 3600
"""Rebuilt from the table when it is gone; unused conversations need no memory."""
PLACES_AT_ONCE = 1000
LEASE_S = 10
"""How long a reader may take from its lease to what it fills in."""

ADVANCE = """
local known = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = tonumber(known[1]), tonumber(known[2])
if not epoch then
  redis.call('DEL', KEYS[1])
  return 0
end
local new_epoch, new_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if new_epoch < epoch or (new_epoch == epoch and new_seq < seq) then
  return 0
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', ARGV[2], 'head', ARGV[3], 'at', ARGV[5], 'messages', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

LEASE = """
if redis.call('HEXISTS', KEYS[1], 'head') == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'lease', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""

FILL = """
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[7] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', ARGV[2], 'head', ARGV[3], 'at', ARGV[5], 'messages', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class ValkeyHeadCache:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def advance(self, heads: Sequence[Head]) -> None:
        if not heads:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for head in heads:
                pipeline.eval(ADVANCE, 1, *_cell(head))
            pipeline.execute()

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        if not conversations:
            return {}
        try:
            with self._valkey.client() as client:
                pipeline = client.pipeline(transaction=False)
                for conversation in conversations:
                    pipeline.hget(_key(conversation), "head")
                found = pipeline.execute()
        except Unavailable as error:
            _logger.warning("heads are read from the table: %s", error)
            return {}
        return {each: load_head(value) for each, value in zip(conversations, found, strict=True) if value}

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        found: list[list[str | None]] = []
        try:
            with self._valkey.client() as client:
                for some in batched(conversations, PLACES_AT_ONCE, strict=False):
                    pipeline = client.pipeline(transaction=False)
                    for conversation in some:
                        pipeline.hmget(_key(conversation), "seq", "at", "messages")
                    found += pipeline.execute()
        except Unavailable as error:
            _logger.warning("heads are read from the table: %s", error)
            return {}
        return {
            each: HeadPlace(seq=int(seq), at=int(at), messages=int(messages))
            for each, (seq, at, messages) in zip(conversations, found, strict=True)
            if seq is not None and at is not None and messages is not None
        }

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        if not conversations:
            return {}
        lease = new_id()
        self._try((LEASE, _key(each), lease, LEASE_S) for each in conversations)
        found = read(conversations)
        self._try((FILL, *_cell(head), lease) for head in found.values())
        return found

    def _try(self, scripts: Iterable[tuple[str | int | bytes, ...]]) -> None:
        """Run them, each with its one key and its arguments; without the cache, nothing is kept."""
        try:
            with self._valkey.client() as client:
                pipeline = client.pipeline(transaction=False)
                for script, *values in scripts:
                    pipeline.eval(script, 1, *values)
                pipeline.execute()
        except Unavailable as error:
            _logger.warning("heads are not cached: %s", error)


def _cell(head: Head) -> tuple[str | int | bytes, ...]:
    """Key and arguments of what writes it."""
    return _key(head.conversation_id), head.epoch, head.seq, dump_head(head), TTL_S, head.at, head.messages


def _key(conversation: ConversationId) -> str:
    return f"head:{conversation}"


_: type[HeadCache] = ValkeyHeadCache
