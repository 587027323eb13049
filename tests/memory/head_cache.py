"""`HeadCache` in memory."""

from collections.abc import Mapping, Sequence

from natter.domain.ids import ConversationId
from natter.domain.messages.events import Head, HeadPlace
from natter.ports.reading import HeadCache, ReadTable


class MemoryHeadCache:
    def __init__(self) -> None:
        self._heads: dict[ConversationId, Head] = {}
        self._leases: dict[ConversationId, object] = {}

    def advance(self, heads: Sequence[Head]) -> None:
        for head in heads:
            self._leases.pop(head.conversation_id, None)
            known = self._heads.get(head.conversation_id)
            if known is not None and (known.epoch, known.seq) <= (head.epoch, head.seq):
                self._heads[head.conversation_id] = head

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        return {each: self._heads[each] for each in conversations if each in self._heads}

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        return {each: HeadPlace.of(head) for each, head in self.get(conversations).items()}

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        leases = {each: self._lease(each) for each in conversations}
        found = read(conversations)
        for each, head in found.items():
            self._settle(head, leases[each])
        return found

    def _lease(self, conversation: ConversationId) -> object:
        lease = object()
        self._leases[conversation] = lease
        return lease

    def _settle(self, head: Head, lease: object) -> None:
        if self._leases.get(head.conversation_id) is lease:
            del self._leases[head.conversation_id]
            self._heads[head.conversation_id] = head


_: type[HeadCache] = MemoryHeadCache
