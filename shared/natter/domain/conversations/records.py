"""Conversations and their members as PostgreSQL keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from natter.domain.conversations.members import History, Kind, Member, Role
from natter.domain.ids import ConversationId, UserId
from natter.domain.paging import Page

Notify = Literal["all", "mentions", "none"]
"""For which messages of a conversation somebody is woken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewConversation:
    conversation_id: ConversationId
    kind: Kind
    title: str | None
    history: History
    created_by: UserId
    created_at: int
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationRecord:
    """A conversation as decided, seen by one of its members."""

    conversation_id: ConversationId
    kind: Kind
    title: str | None
    avatar: str | None
    history: History
    created_by: UserId
    created_at: int
    member_count: int
    role: Role
    muted_until: int | None
    archived: bool
    notify: Notify = "all"
    peer: UserId | None
    """The other one of a direct conversation."""
    peer_name: str | None
    peer_deleted: bool = False
    """The other one's account is gone."""
    erasing: Mapping[UserId, int] = field(default_factory=dict)
    """Whose messages are about to be emptied, and since when (ms): nobody is shown what they say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRecord:
    user_id: UserId
    display_name: str
    role: Role
    joined_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberSettings:
    """How one member wants to be shown a conversation."""

    muted_until: int | None
    """Milliseconds since the epoch."""
    archived: bool
    notify: Notify = "all"


MAX_FOUNDERS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateRequest:
    creator: UserId
    kind: Kind
    members: tuple[UserId, ...]
    """The others."""
    title: str | None = None
    history: History = "joined"
    conversation_id: ConversationId | None = None


type MemberPage = Page[MemberRecord]
