"""Requests and answers of the conversations' part of the HTTP API."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, RootModel

from natter.domain.conversations.members import History, Role
from natter.domain.conversations.records import (
    MAX_FOUNDERS,
    CreateRequest,
    MemberPage,
    MemberRecord,
    MemberSettings,
    Notify,
)
from natter.domain.ids import UserId
from natter.domain.messages.events import JsonObject
from natter.domain.reading.views import ConversationView
from natter.wire.base import HttpsUrl, Line, Patch, WireConversationId, WireModel, WireUserId
from natter.wire.events import WireEvent, event_fields

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
    notify: Notify
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
            notify=record.notify,
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


class NewConversationBody(RootModel[Annotated[DirectBody | GroupBody, Field(discriminator="kind")]]):
    """What `POST /v1/conversations` takes."""

    def to_request(self, creator: UserId) -> CreateRequest:
        return self.root.to_request(creator)


MAX_ADDED = 100


class AddMembersBody(WireModel):
    user_ids: Annotated[tuple[WireUserId, ...], Field(min_length=1, max_length=MAX_ADDED, strict=False)]


class RoleBody(WireModel):
    role: Role


class ConversationPatch(Patch):
    """What is not named stays; null clears the avatar. A group has a title."""

    title: Title = ""
    avatar: HttpsUrl | None = None

    def to_wanted(self) -> JsonObject:
        return self.model_dump(include=self.model_fields_set)


class SettingsPatch(Patch):
    """What is not named stays; null clears."""

    muted_until: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    archived: bool | None = None
    notify: Notify | None = None

    def apply(self, settings: MemberSettings) -> MemberSettings:
        if "muted_until" in self.model_fields_set:
            settings = replace(settings, muted_until=self.muted_until)
        if "archived" in self.model_fields_set:
            settings = replace(settings, archived=bool(self.archived))
        if "notify" in self.model_fields_set:
            settings = replace(settings, notify=self.notify or "all")
        return settings


class MemberItem(WireModel):
    user_id: UserId
    display_name: str
    role: Role
    joined_at: int


class MembersAnswer(WireModel):
    items: tuple[MemberItem, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, members: Sequence[MemberRecord]) -> Self:
        return cls(
            items=tuple(
                MemberItem(
                    user_id=member.user_id,
                    display_name=member.display_name,
                    role=member.role,
                    joined_at=member.joined_at,
                )
                for member in members
            )
        )

    @classmethod
    def of_page(cls, page: MemberPage) -> Self:
        return cls(items=cls.of(page.items).items, next_cursor=page.next_cursor)
