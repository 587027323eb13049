"""What an execution environment keeps of the conversations that it folds, so that the next batch need not read them."""

import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from natter.domain.fold.conversation import Conversation
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.names import PERSIST_MEMORY_MB

WARM_BYTES = PERSIST_MEMORY_MB * 1024 * 1024 // 4
"""Of the function's memory, so that there is room for the batch and the runtime even if it is twice the estimate."""

CONVERSATION_BYTES = 1_200
"""Of a conversation without members and without a last message, where it is kept included."""
MEMBER_BYTES = 220
"""Of a member: their id, their place of joining, and the messages before it."""


@dataclass
class _Partition:
    next_offset: tuple[int, int] | None = None
    """(epoch, offset) that must come next; None: nothing is known."""
    conversations: dict[ConversationId, Conversation] = field(default_factory=dict)


class Warm:
    """
    The conversations of some partitions, as of the last batch of each.

    They are good only while a partition's records arrive here without a hole: another environment may have folded what
    is missing. All partitions share one budget of bytes, `size` says how much of it is used. What was not touched for
    the longest time leaves first, and so does, sooner or later, what is kept of a partition that has moved elsewhere.
    """

    def __init__(self, budget: int = WARM_BYTES) -> None:
        self.size = 0
        self._budget = budget
        self._partitions: dict[int, _Partition] = {}
        self._sizes: OrderedDict[tuple[int, ConversationId], int] = OrderedDict()
        """Of what is kept, what was touched last at the end."""

    @property
    def partitions(self) -> Sequence[int]:
        """Those of which something is kept."""
        return list(self._partitions)

    def begin(self, first: Record) -> None:
        """Start a batch. Until `complete`, nothing is known: a batch that fails leaves nothing behind."""
        known = self._partitions.get(first.partition)
        if known is not None and known.next_offset != first.position:
            self.forget(first.partition)
        elif known is not None:
            known.next_offset = None

    def get(self, partition: int, conversation: ConversationId) -> Conversation | None:
        known = self._partitions.get(partition)
        return None if known is None else known.conversations.get(conversation)

    def complete(self, lane: Sequence[Record], touched: Mapping[ConversationId, Conversation]) -> None:
        """Keep what `lane` touched, but for conversations ahead of it: their replay takes all that is stored."""
        last = lane[-1]
        partition = self._partitions.setdefault(last.partition, _Partition())
        partition.next_offset = (last.epoch, last.offset + 1)
        for conversation_id in {record.command.conversation_id for record in lane}:
            conversation = touched[conversation_id]
            if conversation.head.position <= last.position:
                conversation.forget()
                partition.conversations[conversation_id] = conversation
                self._weigh(last.partition, conversation_id, estimated_bytes(conversation))
        self._make_room()
        if not partition.conversations:
            self._partitions.pop(last.partition, None)

    def clear(self) -> None:
        """Know nothing any more."""
        for partition in list(self._partitions):
            self.forget(partition)

    def forget(self, partition: int) -> None:
        """Know nothing of a partition any more."""
        known = self._partitions.pop(partition, _Partition())
        for conversation in known.conversations:
            self.size -= self._sizes.pop((partition, conversation))

    def _weigh(self, partition: int, conversation: ConversationId, size: int) -> None:
        key = partition, conversation
        self.size += size - self._sizes.pop(key, 0)
        self._sizes[key] = size

    def _make_room(self) -> None:
        while self.size > self._budget:
            (number, conversation), size = self._sizes.popitem(last=False)
            self.size -= size
            partition = self._partitions[number]
            del partition.conversations[conversation]
            if not partition.conversations:
                del self._partitions[number]


def estimated_bytes(conversation: Conversation) -> int:
    """
    How much memory a conversation takes that is kept, about.

    That is who belongs to it, and its head with the last message: nothing else is left of it (`Conversation.forget`).
    """
    members = sys.getsizeof(conversation.members) + MEMBER_BYTES * len(conversation.members)
    preview = conversation.head.preview
    return CONVERSATION_BYTES + members + (0 if preview is None else _json_bytes(preview.payload))


def _json_bytes(value: Any) -> int:
    inner: Sequence[Any] = ()
    if isinstance(value, Mapping):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        inner = value
    return sys.getsizeof(value) + sum(map(_json_bytes, inner))
