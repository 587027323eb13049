"""What an accepted item changes: who belongs to the conversation, what its preview says, what is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from natter.domain.commands import (
    AddMembers,
    Amendment,
    ChangeRole,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    RemoveMember,
)
from natter.domain.conversations import Event, Member, MembershipChange
from natter.domain.ids import UserId
from natter.domain.rows import EffectRow, EmptiedEffectRow, EmptiedRow, EventRow, MembershipRow, Row, SentRow
from natter.domain.targets import Target


def membership_changes(item: Item, event: Event) -> list[MembershipChange]:
    """Who belongs to the conversation from `event` on."""
    match item:
        case CreateConversation(members=members) | AddMembers(members=members):
            return [_joined(member, event) for member in members]
        case ChangeRole(user_id=user_id, role=role):
            return [_joined(Member(user_id=user_id, role=role), event)]
        case RemoveMember(user_id=user_id):
            return [MembershipChange(user_id=user_id, seq=event.seq, role=None, messages=event.messages)]
        case EraseMember(user_id=user_id):
            return [MembershipChange(user_id=user_id, seq=event.seq, role=None, messages=event.messages, erased=True)]
        case _:
            return []


def shown_to(item: Item, members: frozenset[UserId]) -> frozenset[UserId]:
    """The members after it, and who was removed by it."""
    return members | {item.user_id} if isinstance(item, RemoveMember) else members


def preview_after(preview: Event | None, item: Item, event: Event) -> Event | None:
    """The last message as it is shown after `event`, which `item` became."""
    if isinstance(item, PostMessage):
        return event
    if isinstance(item, EraseMember) and preview is not None and preview.sender_id == item.user_id:
        return preview if "deleted_at" in preview.payload else replace(preview, payload={"deleted_at": event.at})
    if preview is None or not isinstance(item, Amendment) or item.target_seq != preview.seq:
        return preview
    match item:
        case EditMessage(content=content):
            return replace(preview, payload={**preview.payload, "content": content, "edited_at": event.at})
        case DeleteMessage():
            return replace(preview, payload={"deleted_at": event.at})
        case _:
            return preview


def rows_of(item: Item, event: Event, targets: Mapping[int, Target], written_at: int) -> Iterable[Row]:
    """What is stored of `event`, which `item` became, besides its client id and the head."""
    yield EventRow(event=event, written_at=written_at)
    for change in membership_changes(item, event):
        yield MembershipRow(conversation_id=event.conversation_id, change=change, written_at=written_at)
    if isinstance(item, PostMessage):
        yield SentRow(
            conversation_id=event.conversation_id,
            user_id=event.sender_id,
            seq=event.seq,
            messages=event.messages,
            written_at=written_at,
        )
    if isinstance(item, Amendment):
        yield EffectRow(target_seq=item.target_seq, event=event, written_at=written_at)
    if isinstance(item, DeleteMessage):
        yield from _emptied(event, item.target_seq, targets[item.target_seq], written_at)


def _emptied(event: Event, target_seq: int, target: Target, written_at: int) -> Iterable[Row]:
    """What the message said, first and last: deleted, not hidden."""
    conversation_id = event.conversation_id
    gone = {"deleted_at": event.at}
    yield EmptiedRow(conversation_id=conversation_id, seq=target_seq, left=gone, written_at=written_at)
    for seq in sorted(target.edits):
        left = {"target_seq": target_seq}
        yield EmptiedRow(conversation_id=conversation_id, seq=seq, left=left, written_at=written_at)
        yield EmptiedEffectRow(conversation_id=conversation_id, target_seq=target_seq, seq=seq, written_at=written_at)


def _joined(member: Member, event: Event) -> MembershipChange:
    return MembershipChange(user_id=member.user_id, seq=event.seq, role=member.role, messages=event.messages)
