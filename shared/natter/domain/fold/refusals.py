"""What the fold refuses, by the code on the wire. It depends on nothing but the state folded so far."""

from collections.abc import Collection, Mapping
from typing import assert_never

from natter.domain.conversations.members import Membership
from natter.domain.errors import Forbidden, Gone, NotFound, NotMember
from natter.domain.fold.targets import Target
from natter.domain.ids import UserId
from natter.domain.messages.commands import (
    AddMembers,
    Amendment,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    React,
    RemoveMember,
)


def refusal(
    command: Command,
    item: Item,
    *,
    seq: int,
    members: Mapping[UserId, Membership],
    targets: Mapping[int, Target],
    erased: Collection[UserId] = (),
) -> str | None:
    """
    The code with which `item` is refused when the head is at `seq`.

    What was decided before is not asked again; but even then, only a message that is there can be amended.
    """
    if command.decided:
        return _target_refusal(item, seq, targets, erased) if isinstance(item, Amendment) else None
    member = members.get(command.sender_id)
    if member is None:
        return NotMember.code
    match item:
        case PostMessage(reply_to=reply_to):
            return NotFound.code if reply_to is not None and reply_to > seq else None
        case EditMessage() | DeleteMessage() | React():
            return _target_refusal(item, seq, targets, erased) or _amendment_refusal(
                item, command.sender_id, member, targets[item.target_seq]
            )
        case CreateConversation() | AddMembers() | RemoveMember() | ChangeRole() | ChangeConversation() | EraseMember():
            return Forbidden.code
    assert_never(item)


def _target_refusal(item: Amendment, seq: int, targets: Mapping[int, Target], erased: Collection[UserId]) -> str | None:
    target = targets.get(item.target_seq)
    if target is None or item.target_seq > seq or target.type != "message":
        return NotFound.code
    return Gone.code if target.deleted or target.sender_id in erased else None


def _amendment_refusal(item: Amendment, sender: UserId, member: Membership, target: Target) -> str | None:
    """Everybody reacts; who runs the group deletes anything; only the author edits."""
    if isinstance(item, React) or sender == target.sender_id:
        return None
    may = isinstance(item, DeleteMessage) and member.role != "member"
    return None if may else Forbidden.code
