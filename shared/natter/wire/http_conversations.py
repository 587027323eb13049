"""Requests and answers of the conversations' part of the HTTP API."""

from typing import Annotated, Literal, Self

from pydantic import Field, RootModel, model_validator

from natter.domain.conversations.members import History
from natter.domain.conversations.records import MAX_FOUNDERS, CreateRequest
from natter.domain.ids import ConversationId, UserId
from natter.domain.reading.views import ConversationView, InboxPage, Missed, Page, Position, Synced
from natter.wire.base import Line, WireConversationId, WireModel, WireUserId
from natter.wire.events import WireEvent, event_fields
from natter.wire.lists import QueryLimit

Limit = Annotated[int, Field(ge=1, le=200)]
QuerySeq = Annotated[int, Field(ge=0, le=2**53 - 1, strict=False)]
Title = Annotated[Line, Field(min_length=1, max_length=100)]


class DirectBody(WireModel):
    kind: Literal["direct"]
    members: Annotated[tuple[WireUserId, ...], Field(min_length=1, max_length=1, strict=False)]

    def to_request(self, creator: UserId) -> CreateRequest:
        return CreateRequest(creator=creator, kind="direct", members=self.members)


class GroupBody(WireModel):
    kind: Literal["group"]
    title: Title
    members: Annotated[tuple[WireUserId, ...], Field(max_length=MAX_FOUNDERS, strict=False)]
    history: History = "joined"
    conversation_id: WireConversationId | None = None

    def to_request(self, creator: UserId) -> CreateRequest:
        return CreateRequest(
            creator=creator,
            kind="group",
            members=self.members,
            title=self.title,
            history=self.history,
            conversation_id=self.conversation_id,
        )


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
    read_seq: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0


class SyncBody(WireModel):
    positions: dict[WireConversationId, PositionBody] = Field(default_factory=dict)
    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=256)] | None = None

    def to_positions(self) -> dict[ConversationId, Position]:
        return {
            conversation: Position(seq=position.seq, read_seq=position.read_seq)
            for conversation, position in self.positions.items()
        }


class HeadAnswer(WireModel):
    seq: int
    at: int


class PeerAnswer(WireModel):
    user_id: str
    display_name: str
    deleted: Literal[True] | None = None
    """The account is gone."""


class ConversationAnswer(WireModel):
    conversation_id: str
    kind: str
    title: str | None
    avatar: str | None
    created_at: int
    created_by: str
    member_count: int
    first_seq: int
    head: HeadAnswer
    role: str
    read_seq: int
    unread: int
    muted_until: int | None
    archived: bool
    history: str | None
    peer: PeerAnswer | None
    last_message: WireEvent | None

    @classmethod
    def of(cls, view: ConversationView) -> Self:
        record, preview = view.record, view.head.preview
        return cls(
            conversation_id=record.conversation_id,
            kind=record.kind,
            title=record.title,
            avatar=record.avatar,
            created_at=record.created_at,
            created_by=record.created_by,
            member_count=record.member_count,
            first_seq=view.first_seq,
            head=HeadAnswer(seq=view.head.seq, at=view.head.at),
            role=record.role,
            read_seq=view.read_seq,
            unread=view.unread,
            muted_until=record.muted_until,
            archived=record.archived,
            history=record.history if record.kind == "group" else None,
            peer=PeerAnswer(
                user_id=record.peer, display_name=record.peer_name or "", deleted=record.peer_deleted or None
            )
            if record.peer is not None
            else None,
            last_message=None if preview is None or preview.seq < view.first_seq else event_fields(preview),
        )


def conversation_size(view: ConversationView) -> int:
    return len(ConversationAnswer.of(view).to_json())


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


class HealthAnswer(WireModel):
    status: Literal["ok", "unavailable"]
    version: str


class NewConversationBody(RootModel[Annotated[DirectBody | GroupBody, Field(discriminator="kind")]]):
    """What `POST /v1/conversations` takes."""

    def to_request(self, creator: UserId) -> CreateRequest:
        return self.root.to_request(creator)
