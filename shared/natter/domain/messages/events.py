"""What happened in a conversation, and how far it is folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from natter.domain.conversations.members import History
from natter.domain.ids import ConversationId, UserId

JsonObject = Mapping[str, Any]
"""A JSON object as parsed; never changed once made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One place in a conversation's sequence (P2). `payload` holds the fields of its type, as on the wire."""

    conversation_id: ConversationId
    seq: int
    type: str
    at: int
    """Timestamp of the log, milliseconds."""
    sender_id: UserId
    client_id: str | None
    payload: JsonObject
    messages: int
    """`message` events up to and including this one: unread counts are differences of it (P6)."""
    amended_by: int = 0
    """Place of the latest event that changed what it says, as far as is stored; 0: none. It is not shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How far a conversation is folded. The default is a conversation of which nothing is folded yet."""

    conversation_id: ConversationId
    seq: int = 0
    messages: int = 0
    members_seq: int = 0
    """Place of the last event that changed who belongs to it."""
    epoch: int = 0
    partition: int = -1
    offset: int = -1
    """Last folded record: offsets compare only as (epoch, offset)."""
    at: int = 0
    """Timestamp of the last event, milliseconds."""
    written_at: int = 0
    """Write timestamp of the last folded record, microseconds; grows with every record."""
    preview: Event | None = None
    """The last message."""
    history: History = "joined"
    """How much later members may read."""
    voids: int = 0
    """Records of it that were set aside. What is written after one is younger than all that was tried with it."""

    @property
    def position(self) -> tuple[int, int]:
        return self.epoch, self.offset


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadPlace:
    """Of a head, what tells how far it is and how it is sorted: little, however long the last message is."""

    seq: int = 0
    at: int = 0
    messages: int = 0

    @classmethod
    def of(cls, head: Head) -> "HeadPlace":
        return cls(seq=head.seq, at=head.at, messages=head.messages)


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """Events of one conversation, contiguous, for those who act on what happened (push)."""

    conversation_id: ConversationId
    events: tuple[Event, ...]
    members_seq: int
    """Place of the last event, up to these, that changed who belongs to the conversation."""
