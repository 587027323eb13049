"""`HeadCache` in memory."""

from collections.abc import Mapping, Sequence

from natter.domain.conversations import Head
from natter.domain.ids import ConversationId
from natter.ports.tables import HeadCache


class MemoryHeadCache:
    def __init__(self) -> None:
        self._heads: dict[ConversationId, Head] = {}

    def advance(self, heads: Sequence[Head]) -> None:
        for head in heads:
            known = self._heads.get(head.conversation_id)
            if known is None or known.position < head.position:
                self._heads[head.conversation_id] = head

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        return {each: self._heads[each] for each in conversations if each in self._heads}


_: type[HeadCache] = MemoryHeadCache
