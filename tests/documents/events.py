"""
Events as readers see them, live and in pages, as models.

The application hands them on as it has stored them; `tests/docs` holds these models against what it really shows.
"""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from natter.domain.conversations.members import Kind, Role
from natter.wire.base import WireModel
from natter.wire.content import Content

type MaybeUrl = Annotated[str | None, WithJsonSchema({"type": ["string", "null"]})]
"""Null says that it has none any more."""


class Place(WireModel):
    seq: Annotated[int, Field(ge=1)]
    at: int
    sender_id: str
    client_id: str | None = None


class MemberField(WireModel):
    user_id: str
    role: Role


class ReactionField(WireModel):
    reaction: str
    count: int
    mine: bool
    user_ids: tuple[str, ...]


class ConversationCreated(Place):
    type: Literal["conversation_created"]
    kind: Kind
    title: str | None = None
    members: tuple[MemberField, ...]


class Message(Place):
    """In pages as it is: without `content` once it was deleted."""

    type: Literal["message"]
    content: Content | None = None
    reply_to: int | None = None
    mentions: tuple[str, ...] | None = None
    edited_at: int | None = None
    deleted_at: int | None = None
    reactions: tuple[ReactionField, ...] | None = None


class Edit(Place):
    """In pages without `content` once its target was deleted or edited again."""

    type: Literal["edit"]
    target_seq: int
    content: Content | None = None


class Delete(Place):
    type: Literal["delete"]
    target_seq: int


class Reaction(Place):
    type: Literal["reaction"]
    target_seq: int
    reaction: str
    removed: Literal[True] | None = None


class MemberAdded(Place):
    type: Literal["member_added"]
    members: tuple[MemberField, ...]


class MemberRemoved(Place):
    type: Literal["member_removed"]
    user_id: str


class MemberErased(Place):
    """All that they have said before it is deleted."""

    type: Literal["member_erased"]
    user_id: str


class RoleChanged(Place):
    type: Literal["role_changed"]
    user_id: str
    role: Role


class ConversationChanged(Place):
    type: Literal["conversation_changed"]
    title: str | None = None
    avatar: MaybeUrl = None


class EventsPart(WireModel):
    event: Annotated[
        ConversationCreated
        | Message
        | Edit
        | Delete
        | Reaction
        | MemberAdded
        | MemberRemoved
        | MemberErased
        | RoleChanged
        | ConversationChanged,
        Field(discriminator="type"),
    ]
