"""`HeadCache` in Valkey: `head:{conversation}`, moved forward by a script that compares (epoch, seq)."""

import logging
from collections.abc import Mapping, Sequence

from natter.adapters.valkey import Valkey
from natter.domain.conversations import Head
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId
from natter.ports.tables import HeadCache
from natter.wire.records import dump_head, load_head

_logger = logging.getLogger(__name__)

TTL_S = 7 * 24 * 3600
"""Rebuilt from the table when it is gone; unused conversations need no memory."""

ADVANCE = """
local known = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = tonumber(known[1]), tonumber(known[2])
local new_epoch, new_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if epoch and (new_epoch < epoch or (new_epoch == epoch and new_seq < seq)) then
  return 0
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', ARGV[2], 'head', ARGV[3])
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
                pipeline.eval(ADVANCE, 1, _key(head.conversation_id), head.epoch, head.seq, dump_head(head), TTL_S)
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


def _key(conversation: ConversationId) -> str:
    return f"head:{conversation}"


_: type[HeadCache] = ValkeyHeadCache
