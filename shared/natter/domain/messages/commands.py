"""
Commands: what somebody asks of a conversation, before the fold has decided.

One frame is one `Command` and one record of the log, so it is accepted as a whole or not at all. Each item's
`type` is the type of the event that it becomes.
"""

from dataclasses import dataclass
from typing import Literal

from natter.domain.connections import Connection
from natter.domain.conversations.members import History, Kind, Member, Role
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.events import JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateConversation:
    client_id: ClientId
    kind: Kind
    members: tuple[Member, ...]
    title: str | None = None
    history: History = "joined"
    """How much later members may read. It is not told: each is told their own `first_seq`."""
    type: Literal["conversation_created"] = "conversation_created"

    def payload(self) -> JsonObject:
        title = {} if self.title is None else {"title": self.title}
        return {"kind": self.kind, **title, "members": _members(self.members)}


@dataclass(frozen=True, kw_only=True, slots=True)
class PostMessage:
    client_id: ClientId
    content: JsonObject
    reply_to: int | None = None
    mentions: tuple[UserId, ...] = ()
    type: Literal["message"] = "message"

    def payload(self) -> JsonObject:
        payload: dict[str, object] = {"content": self.content}
        if self.reply_to is not None:
            payload["reply_to"] = self.reply_to
        if self.mentions:
            payload["mentions"] = list(self.mentions)
        return payload


@dataclass(frozen=True, kw_only=True, slots=True)
class EditMessage:
    client_id: ClientId
    target_seq: int
    content: JsonObject
    type: Literal["edit"] = "edit"

    def payload(self) -> JsonObject:
        return {"target_seq": self.target_seq, "content": self.content}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteMessage:
    client_id: ClientId
    target_seq: int
    type: Literal["delete"] = "delete"

    def payload(self) -> JsonObject:
        return {"target_seq": self.target_seq}


@dataclass(frozen=True, kw_only=True, slots=True)
class React:
    """Set a reaction, or remove it; what is set already, or not there, stays as it is."""

    client_id: ClientId
    target_seq: int
    reaction: str
    remove: bool = False
    type: Literal["reaction"] = "reaction"

    def payload(self) -> JsonObject:
        removed = {"removed": True} if self.remove else {}
        return {"target_seq": self.target_seq, "reaction": self.reaction, **removed}


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMembers:
    client_id: ClientId
    members: tuple[Member, ...]
    type: Literal["member_added"] = "member_added"

    def payload(self) -> JsonObject:
        return {"members": _members(self.members)}


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveMember:
    client_id: ClientId
    user_id: UserId
    type: Literal["member_removed"] = "member_removed"

    def payload(self) -> JsonObject:
        return {"user_id": self.user_id}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRole:
    client_id: ClientId
    user_id: UserId
    role: Role
    type: Literal["role_changed"] = "role_changed"

    def payload(self) -> JsonObject:
        return {"user_id": self.user_id, "role": self.role}


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeConversation:
    client_id: ClientId
    changes: JsonObject
    """What is new of `title` and `avatar`; None clears."""
    type: Literal["conversation_changed"] = "conversation_changed"

    def payload(self) -> JsonObject:
        return self.changes


@dataclass(frozen=True, kw_only=True, slots=True)
class EraseMember:
    """Delete all that somebody has said before it; from it on they do not belong to the conversation."""

    client_id: ClientId
    user_id: UserId
    type: Literal["member_erased"] = "member_erased"

    def payload(self) -> JsonObject:
        return {"user_id": self.user_id}


Amendment = EditMessage | DeleteMessage | React
"""Changes what the message at `target_seq` says."""

Item = (
    CreateConversation
    | PostMessage
    | Amendment
    | AddMembers
    | RemoveMember
    | ChangeRole
    | ChangeConversation
    | EraseMember
)

OUTBOX = UserId(".")
"""Sender under which the outbox's client ids are kept: not a possible user id, so nobody can occupy them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The frame that asked, as the gateway knows it. Nothing is decided by it: it is for logs and measuring."""

    id: str
    """Under which everything is logged that comes of it."""
    at: int
    """When the gateway had it, milliseconds of its clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What one frame asks, or what one row of the outbox says was decided (`decided`)."""

    conversation_id: ConversationId
    sender_id: UserId
    items: tuple[Item, ...]
    origin: Connection | None = None
    """Where the frame came from: a refusal, or the first outcome of a retry, is told there."""
    decided: bool = False
    """PostgreSQL has decided already; the fold only gives it its place."""
    asked: Asked | None = None
    """None: no frame did, or it did before this was noted."""

    @property
    def spender(self) -> UserId:
        """Under whom the client ids are spent (P3)."""
        return OUTBOX if self.decided else self.sender_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A command at its place in the log."""

    command: Command
    epoch: int
    partition: int
    offset: int
    at: int
    """Timestamp that the log gave it, milliseconds; may jump back."""

    @property
    def position(self) -> tuple[int, int]:
        return self.epoch, self.offset


def _members(members: tuple[Member, ...]) -> list[dict[str, str]]:
    return [{"user_id": member.user_id, "role": member.role} for member in members]


type Change = AddMembers | RemoveMember | ChangeRole | ChangeConversation | EraseMember
"""What can be decided of a conversation that is there. Its client id is the outbox row's: a UUID of the server's."""


def pointed_at(item: Item) -> int | None:
    """The place that `item` points at: of the message that it amends, or replies to."""
    match item:
        case EditMessage() | DeleteMessage() | React():
            return item.target_seq
        case PostMessage():
            return item.reply_to
        case _:
            return None
