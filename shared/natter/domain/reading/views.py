"""Conversations as their members see them."""

from dataclasses import dataclass

from natter.domain.conversations.members import Membership
from natter.domain.conversations.records import ConversationRecord
from natter.domain.ids import ConversationId
from natter.domain.messages.events import Event, Head, HeadPlace
from natter.domain.receipts import Cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationView:
    record: ConversationRecord
    head: Head
    first_seq: int
    """The lowest place that this member may read."""
    read_seq: int
    unread: int

    @classmethod
    def of_new(cls, record: ConversationRecord) -> "ConversationView":
        """Before the fold has reached the joining: there is nothing to read yet, whatever others have said (P8)."""
        head = Head(conversation_id=record.conversation_id, at=record.created_at)
        return cls(record=record, head=head, first_seq=1, read_seq=1, unread=0)


def unread(head: Head | HeadPlace, cursor: Cursor, membership: Membership | None = None) -> int:
    """
    Messages after everything that was read, sent, or there before joining (P6); own ones are before `sent`.

    Without a membership, those that may be unread: all from before it may be among them.
    """
    joined = 0 if membership is None else membership.joined_messages
    return max(0, head.messages - max(cursor.read_messages, cursor.sent_messages, joined))


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events as of `head`, ascending, as the reader is shown them. `has_more`: there is more in the direction asked."""

    events: tuple[Event, ...]
    has_more: bool
    first_seq: int
    head: Head


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxPage:
    items: tuple[ConversationView, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a client has a conversation: everything up to `seq`, read up to `read_seq`."""

    seq: int
    read_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    view: ConversationView
    events: tuple[Event, ...]
    limited: bool
    """The gap is wider than `events`; the rest is history to page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    missed: tuple[Missed, ...]
    removed: tuple[ConversationId, ...]
    next_cursor: str | None
    at: int
