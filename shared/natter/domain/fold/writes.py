"""
What the fold writes. Every row states its write timestamp (microseconds), which depends on the log alone.

Writing a row again writes the same; an older writer never overwrites a newer cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from natter.domain.attachments import attachment_of
from natter.domain.conversations.members import Member, Membership, MembershipChange, Standing
from natter.domain.fold.targets import Target
from natter.domain.ids import AttachmentId, ClientId, ConversationId, UserId
from natter.domain.messages.commands import (
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
from natter.domain.messages.events import Event, JsonObject
from natter.domain.messages.states import MarkKey, MessageState

Place = tuple[ConversationId, int]
"""A conversation and a seq in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientIdKey:
    """A client id belongs to its sender within a conversation: nobody can occupy another's (P3)."""

    conversation_id: ConversationId
    sender_id: UserId
    client_id: ClientId


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of the item at a place of the log: the event at `seq`, or a refusal's code."""

    epoch: int
    offset: int
    item: int
    at: int
    seq: int | None
    refusal: str | None

    @property
    def position(self) -> tuple[int, int]:
        return self.epoch, self.offset

    @property
    def place(self) -> tuple[int, int, int]:
        return self.epoch, self.offset, self.item


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRow:
    event: Event
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientIdRow:
    """What became of a client id each time it was spent: one row for each, at its place in the log."""

    key: ClientIdKey
    outcome: Outcome
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UnspentRow:
    """Whatever was noted of a client id at this place of the log has not happened."""

    key: ClientIdKey
    place: tuple[int, int, int]
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StateRow:
    """What has become of the message at `target_seq`, up to `state.seq`: one row for each event that changed it."""

    conversation_id: ConversationId
    target_seq: int
    state: MessageState
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AmendedRow:
    """The event at `seq` has a state, of which the event at `by` is the latest change: a page has to look for it."""

    conversation_id: ConversationId
    seq: int
    by: int
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkRow:
    """From the event at `seq` on, the user has set the reaction, or has not."""

    key: MarkKey
    seq: int
    is_set: bool
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptiedRow:
    """What the event at `seq` says is deleted: gone from the store, not hidden."""

    conversation_id: ConversationId
    seq: int
    written_at: int
    left: JsonObject
    """All that is left of its payload: of a message when it was deleted, of an edit its target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingRow:
    """How a user stands from the event at `standing.seq` on: one row for each event that concerned them."""

    conversation_id: ConversationId
    user_id: UserId
    standing: Standing
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterRow:
    """What the event at `seq` has changed in who belongs to the conversation."""

    conversation_id: ConversationId
    seq: int
    changes: tuple[MembershipChange, ...]
    members: Mapping[UserId, Membership] | None
    """All of them after it; None: they follow from an earlier row, and the changes since."""
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SentRow:
    """Sending marks everything before as read for the sender."""

    conversation_id: ConversationId
    user_id: UserId
    seq: int
    messages: int
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenCursorRow:
    """Nobody knows any more how far they had come."""

    conversation_id: ConversationId
    user_id: UserId
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """The message at `seq` shows this file, or has shown it: what it shows now, it says itself."""

    conversation_id: ConversationId
    attachment_id: AttachmentId
    seq: int
    written_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgottenFileRow:
    """The message at `seq` does not show this file any more."""

    conversation_id: ConversationId
    attachment_id: AttachmentId
    seq: int
    written_at: int


Row = (
    EventRow
    | ClientIdRow
    | UnspentRow
    | StateRow
    | AmendedRow
    | MarkRow
    | EmptiedRow
    | StandingRow
    | RosterRow
    | SentRow
    | ForgottenCursorRow
    | FileRow
    | ForgottenFileRow
)


def in_turn(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """
    What is written first, and what only when all of that is stored.

    First comes what people have said, at places of its own: all of it that a store could refuse. What follows from it
    is small, but changes what was there before, or has keys that say nothing of the event that it is of.
    """
    first: list[Row] = []
    then: list[Row] = []
    for row in rows:
        (first if isinstance(row, EventRow | ClientIdRow | UnspentRow) else then).append(row)
    return first, then


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
    """What is stored of `event`, which `item` became, besides its client id, the head and who belongs to it."""
    yield EventRow(event=event, written_at=written_at)
    if isinstance(item, PostMessage):
        yield SentRow(
            conversation_id=event.conversation_id,
            user_id=event.sender_id,
            seq=event.seq,
            messages=event.messages,
            written_at=written_at,
        )
    yield from file_rows(item, event, written_at)
    if isinstance(item, Amendment):
        yield from _amendment_rows(item, event, targets[item.target_seq].state, written_at)


def member_rows(
    changes: Sequence[MembershipChange],
    event: Event,
    members: Mapping[UserId, Membership],
    written_at: int,
    *,
    with_roster: bool,
) -> Iterable[Row]:
    """What is stored of who belongs to the conversation: `event` has made `changes`, which `members` are after it."""
    for user, erased in {change.user_id: change.erased for change in changes}.items():
        standing = Standing(seq=event.seq, membership=members.get(user), erased=erased)
        yield StandingRow(conversation_id=event.conversation_id, user_id=user, standing=standing, written_at=written_at)
    yield RosterRow(
        conversation_id=event.conversation_id,
        seq=event.seq,
        changes=tuple(changes),
        members=dict(members) if with_roster else None,
        written_at=written_at,
    )


def file_rows(item: Item, event: Event, written_at: int) -> Iterable[Row]:
    """Which message shows the file that `event` names: itself, or the one that it edits."""
    file = attachment_of(event)
    if file is not None:
        seq = item.target_seq if isinstance(item, Amendment) else event.seq
        yield FileRow(conversation_id=event.conversation_id, attachment_id=file, seq=seq, written_at=written_at)


def _amendment_rows(item: Amendment, event: Event, state: MessageState, written_at: int) -> Iterable[Row]:
    conversation_id, target_seq = event.conversation_id, item.target_seq
    yield StateRow(conversation_id=conversation_id, target_seq=target_seq, state=state, written_at=written_at)
    if not isinstance(item, DeleteMessage):
        yield AmendedRow(conversation_id=conversation_id, seq=target_seq, by=event.seq, written_at=written_at)
        return
    # What the message said, first and last: deleted, not hidden.
    left = {"deleted_at": event.at}
    yield EmptiedRow(conversation_id=conversation_id, seq=target_seq, left=left, written_at=written_at)
    for seq in state.edits:
        left = {"target_seq": target_seq}
        yield EmptiedRow(conversation_id=conversation_id, seq=seq, left=left, written_at=written_at)


def _joined(member: Member, event: Event) -> MembershipChange:
    return MembershipChange(user_id=member.user_id, seq=event.seq, role=member.role, messages=event.messages)
