"""What the fold refuses, by the code on the wire. It depends on nothing but the state folded so far."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from natter.domain.conversations.members import Membership
from natter.domain.errors import Conflict, Forbidden, Gone, NotFound, NotMember
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
from natter.domain.messages.events import Head
from natter.domain.messages.states import BOUNDS, Bounds, MessageState


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a refusal depends on: the conversation as folded so far."""

    head: Head
    members: Mapping[UserId, Membership]
    targets: Mapping[int, Target]
    """The events that the command points at, where there are any."""
    erased: Collection[UserId] = ()
    bounds: Bounds = BOUNDS

    def can_see(self, member: Membership, seq: int) -> bool:
        """Whether the member may read what stands at `seq`, and it is there."""
        first_seq = 1 if self.head.history == "all" else member.joined_seq
        return first_seq <= seq <= self.head.seq


def refusal(command: Command, item: Item, state: State) -> str | None:
    """
    The code with which `item` is refused.

    What was decided before is not asked again; but even then, only a message that is there can be amended.
    """
    if command.decided:
        return _target_refusal(state.targets.get(item.target_seq), state) if isinstance(item, Amendment) else None
    member = state.members.get(command.sender_id)
    if member is None:
        return NotMember.code
    match item:
        case PostMessage(reply_to=reply_to):
            return None if reply_to is None or _message(state, member, reply_to) else NotFound.code
        case EditMessage() | DeleteMessage() | React():
            return _amendment_refusal(item, command.sender_id, member, state)
        case CreateConversation() | AddMembers() | RemoveMember() | ChangeRole() | ChangeConversation() | EraseMember():
            return Forbidden.code
    assert_never(item)


def _amendment_refusal(item: Amendment, sender: UserId, member: Membership, state: State) -> str | None:
    target = _message(state, member, item.target_seq)
    if target is None or (code := _target_refusal(target, state)) is not None:
        return NotFound.code if target is None else code
    if not _may_amend(item, sender, member, target):
        return Forbidden.code
    return None if _has_room(item, target.state, state.bounds) else Conflict.code


def _target_refusal(target: Target | None, state: State) -> str | None:
    if target is None or target.type != "message":
        return NotFound.code
    return Gone.code if target.state.deleted_at is not None or target.sender_id in state.erased else None


def _message(state: State, member: Membership, seq: int) -> Target | None:
    """The message at `seq`; None if there is none, or none that the member may read."""
    target = state.targets.get(seq)
    return target if target is not None and target.type == "message" and state.can_see(member, seq) else None


def _may_amend(item: Amendment, sender: UserId, member: Membership, target: Target) -> bool:
    """Everybody reacts; who runs the group deletes anything; only the author edits."""
    if isinstance(item, React) or sender == target.sender_id:
        return True
    return isinstance(item, DeleteMessage) and member.role != "member"


def _has_room(item: Amendment, state: MessageState, bounds: Bounds) -> bool:
    """A message takes so many edits and so many different reactions, whoever they are from."""
    match item:
        case EditMessage():
            return len(state.edits) < bounds.edits
        case React(remove=False, reaction=reaction):
            return state.reaction(reaction) is not None or len(state.reactions) < bounds.reactions
        case _:
            return True
