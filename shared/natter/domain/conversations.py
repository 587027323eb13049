"""Values of a conversation: who belongs to it in which role, and where its log stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from natter.domain.ids import ConversationId, UserId

Role = Literal["owner", "admin", "member"]
Kind = Literal["direct", "group"]
History = Literal["joined", "all"]

JsonObject = Mapping[str, Any]
"""A JSON object as parsed; never changed once made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    user_id: UserId
    role: Role


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

    @property
    def position(self) -> tuple[int, int]:
        return self.epoch, self.offset


@dataclass(frozen=True, kw_only=True, slots=True)
class MembershipChange:
    """From the event at `seq` on, `user_id` has `role`, or is gone."""

    user_id: UserId
    seq: int
    role: Role | None
    messages: int
    """`message` events before it."""
    erased: bool = False
    """All that they have said before it is deleted. They never come back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """What the folded log says of one member."""

    role: Role
    joined_seq: int
    """Place of the event of the latest joining."""
    joined_messages: int
    """`message` events before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """How far a member has read: explicitly (`read_*`), or by having sent (`sent_*`)."""

    read_seq: int = 0
    read_messages: int = 0
    delivered_seq: int = 0
    written_at: int = 0
    """Write timestamp of what was read and delivered, microseconds; grows whenever one of them does."""
    sent_seq: int = 0
    sent_messages: int = 0


def memberships_as_of(changes: Iterable[MembershipChange], seq: int) -> dict[UserId, Membership]:
    """Fold `changes`, in any order, up to and including place `seq`; what lies above is not yet true."""
    members: dict[UserId, Membership] = {}
    for change in sorted(changes, key=lambda change: change.seq):
        if change.seq <= seq:
            apply_membership(members, change)
    return members


def erased_as_of(changes: Iterable[MembershipChange], seq: int) -> set[UserId]:
    """Who is erased up to and including place `seq`."""
    return {change.user_id for change in changes if change.erased and change.seq <= seq}


def apply_membership(members: dict[UserId, Membership], change: MembershipChange) -> None:
    """Apply the next change. A changed role keeps the place of joining; coming back after leaving does not."""
    if change.role is None:
        members.pop(change.user_id, None)
        return
    known = members.get(change.user_id)
    members[change.user_id] = Membership(
        role=change.role,
        joined_seq=known.joined_seq if known else change.seq,
        joined_messages=known.joined_messages if known else change.messages,
    )
