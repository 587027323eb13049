"""Values of a conversation: who belongs to it in which role, and where its log stands."""

from dataclasses import dataclass
from typing import Literal

from natter.domain.ids import ConversationId, UserId

Role = Literal["owner", "admin", "member"]
Kind = Literal["direct", "group"]
History = Literal["joined", "all"]

type MemberKey = tuple[ConversationId, UserId]
"""Somebody in a conversation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    user_id: UserId
    role: Role


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
class Standing:
    """How somebody stands in a conversation from the event at `seq` on: all of it, whatever was before."""

    seq: int
    membership: Membership | None
    """None: they are gone."""
    erased: bool = False


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
