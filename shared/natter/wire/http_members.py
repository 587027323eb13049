"""Requests and answers of the HTTP API of conversations that concern their members, their looks and their settings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field

from natter.domain.conversations.members import Role
from natter.domain.conversations.records import MemberPage, MemberRecord, MemberSettings
from natter.domain.ids import UserId
from natter.domain.messages.events import JsonObject
from natter.wire.base import HttpsUrl, WireModel, WireUserId
from natter.wire.http_conversations import Title

MAX_ADDED = 100


class AddMembersBody(WireModel):
    user_ids: Annotated[tuple[WireUserId, ...], Field(min_length=1, max_length=MAX_ADDED, strict=False)]


class RoleBody(WireModel):
    role: Role


class ConversationPatch(WireModel):
    """What is not named stays; null clears the avatar. A group has a title."""

    title: Title = ""
    avatar: HttpsUrl | None = None

    def to_wanted(self) -> JsonObject:
        return self.model_dump(include=self.model_fields_set)


class SettingsPatch(WireModel):
    """What is not named stays; null clears."""

    muted_until: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    archived: bool | None = None

    def apply(self, settings: MemberSettings) -> MemberSettings:
        if "muted_until" in self.model_fields_set:
            settings = replace(settings, muted_until=self.muted_until)
        if "archived" in self.model_fields_set:
            settings = replace(settings, archived=bool(self.archived))
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
