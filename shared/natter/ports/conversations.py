"""Ports to conversations as PostgreSQL decides them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.commands import Command
from natter.domain.conversations import History, Kind, Member, Role
from natter.domain.ids import ConversationId, UserId


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
    peer: UserId | None
    """The other one of a direct conversation."""
    peer_name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    version: int
    roles: Mapping[UserId, Role]


class Conversations(Protocol):
    """
    Conversations and who belongs to them: decides changes, with what has to be told to the log.

    All methods raise `Unavailable` when the database does not answer in time.
    """

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        """
        Create it together with its outbox row, or find the one that is there already; True if it is new.

        A direct conversation exists once per pair, whoever asks first (also when both do at once). A group with
        an id that its creator has used before is that group.

        Raises:
            NotFound: one of the members is not a user.
            Conflict: the id belongs to somebody else's conversation, or to one of another kind.
        """

    def publish(self, conversation: ConversationId, append: Callable[[Command], object]) -> None:
        """
        Hand the conversation's outbox rows that are not in the log yet to `append`, in the order of their
        versions and alone (under the conversation's lock), and mark them. The row's id is its client id in the
        log, so it happens once, however often it is appended.

        What `append` raises is passed on; the row, and those behind it, stay.
        """

    def roles(self, conversation: ConversationId) -> Roster:
        """Who belongs to it, with the version at which that was so; empty for one that does not exist."""

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        """The conversation, or None if the user does not belong to it or there is none."""

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        """All conversations that the user belongs to."""


class Admission(Protocol):
    """Who may post to and read from a conversation, at once after every change."""

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        """
        The user's role, or None if it does not belong there, or there is no such conversation (P8).

        Raises:
            Unavailable: neither the snapshot nor the database answered in time.
        """
