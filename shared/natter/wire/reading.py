"""Requests and answers of the HTTP API about what was said: pages, the inbox, sync."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from natter.domain.conversations.records import Notify
from natter.domain.ids import ConversationId
from natter.domain.reading.views import InboxPage, Missed, Page, Position, Synced
from natter.wire.base import FROM_DIGITS, WireConversationId, WireModel
from natter.wire.conversations import ConversationAnswer
from natter.wire.events import WireEvent, event_fields
from natter.wire.lists import QueryLimit

Limit = Annotated[int, Field(ge=1, le=200)]


QuerySeq = Annotated[int, Field(ge=0, le=2**53 - 1), FROM_DIGITS]


class EventsQuery(WireModel):
    after: QuerySeq | None = None
    before: QuerySeq | None = None
    limit: QueryLimit = 50

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.after is not None and self.before is not None:
            raise ValueError("after, before: not both")
        return self


class PositionBody(WireModel):
    seq: Annotated[int, Field(ge=0, le=2**53 - 1)]
    read_seq: Annotated[int, Field(ge=0, le=2**53 - 1)]


class SyncBody(WireModel):
    positions: dict[WireConversationId, PositionBody]
    """Without any, all that there is is missing."""
    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=256)] | None = None

    def to_positions(self) -> dict[ConversationId, Position]:
        return {
            conversation: Position(seq=position.seq, read_seq=position.read_seq)
            for conversation, position in self.positions.items()
        }


class InboxAnswer(WireModel):
    items: tuple[ConversationAnswer, ...]
    next_cursor: str | None

    @classmethod
    def of(cls, page: InboxPage) -> Self:
        return cls(items=tuple(map(ConversationAnswer.of, page.items)), next_cursor=page.next_cursor)


class PageAnswer(WireModel):
    events: tuple[WireEvent, ...]
    has_more: bool
    first_seq: int
    head_seq: int
    state_seq: int
    """Up to which seq the state of the messages is known."""

    @classmethod
    def of(cls, page: Page) -> Self:
        return cls(
            events=tuple(event_fields(event) for event in page.events),
            has_more=page.has_more,
            first_seq=page.first_seq,
            head_seq=page.head.seq,
            state_seq=page.head.seq,
        )


class MissedAnswer(WireModel):
    conversation_id: str
    events: tuple[WireEvent, ...]
    limited: bool
    first_seq: int
    head_seq: int
    state_seq: int
    read_seq: int
    unread: int
    muted_until: int | None
    archived: bool
    notify: Notify

    @classmethod
    def of(cls, missed: Missed) -> Self:
        view = missed.view
        return cls(
            conversation_id=view.record.conversation_id,
            events=tuple(event_fields(event) for event in missed.events),
            limited=missed.limited,
            first_seq=view.first_seq,
            head_seq=view.head.seq,
            state_seq=view.head.seq,
            read_seq=view.read_seq,
            unread=view.unread,
            muted_until=view.record.muted_until,
            archived=view.record.archived,
            notify=view.record.notify,
        )


class RemovedAnswer(WireModel):
    """The position is of a conversation that is not readable (any more, or ever)."""

    conversation_id: str
    removed: Literal[True] = True


class SyncAnswer(WireModel):
    conversations: tuple[MissedAnswer | RemovedAnswer, ...]
    next_cursor: str | None
    at: int

    @classmethod
    def of(cls, synced: Synced) -> Self:
        missed = [MissedAnswer.of(each) for each in synced.missed]
        removed = [RemovedAnswer(conversation_id=each) for each in synced.removed]
        return cls(conversations=(*missed, *removed), next_cursor=synced.next_cursor, at=synced.at)
