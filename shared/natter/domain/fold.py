"""
The fold: gives each command of the log its place in its conversation (P2), or refuses it.

Pure. A decision depends on nothing but the log and the state folded from earlier places of it, so a replay
decides the same and writes the same, whoever does it and whenever.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import assert_never

from natter.domain.commands import (
    AddMembers,
    Command,
    CreateConversation,
    DeleteMessage,
    Item,
    PostMessage,
    Record,
    RemoveMember,
)
from natter.domain.conversations import (
    Event,
    Head,
    Member,
    Membership,
    MembershipChange,
    apply_membership,
    memberships_as_of,
)
from natter.domain.errors import Forbidden, Gone, NotFound, NotMember
from natter.domain.ids import UserId
from natter.domain.rows import EffectRow, EmptiedRow, EventRow, MembershipRow, Outcome, Row, SentRow, SpentKey, SpentRow
from natter.names import RETRY_WINDOW_MS


class MisplacedRecordError(Exception):
    """A conversation's record stands in another partition than its others: two writers. Nothing may be folded."""


class Turn(Enum):
    FIRST = "first"
    """Decided now."""
    REPLAY = "replay"
    """Decided by an earlier fold of this very record, which may not have come to deliver it."""
    RETRY = "retry"
    """A client id that was spent at another place: its sender is told the first outcome again (P3)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An event that a command points at, as of the head."""

    type: str
    sender_id: UserId
    deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The event at `seq` changed what its target says."""

    seq: int
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What becomes of one item. `event` is there for a first turn that was accepted."""

    record: Record
    item: Item
    turn: Turn
    outcome: Outcome
    event: Event | None
    audience: frozenset[UserId]
    """Who is to see it: the members at its place, and who was removed by it. For a retry: nobody but who asked."""
    members_seq: int
    """Place of the last event that changed who belongs to the conversation, as of its place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    decisions: tuple[Decision, ...]
    rows: tuple[Row, ...]


@dataclass(kw_only=True)
class Conversation:
    """
    The state of one conversation as of its head; `fold` moves it on, record by record.

    `spent` and `targets` must hold what the records to come refer to; everything read for them must have been
    bounded by the head (rows above it are leftovers of a fold that did not finish).
    """

    head: Head
    members: dict[UserId, Membership] = field(default_factory=dict)
    spent: dict[SpentKey, Outcome] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)
    changes: Sequence[MembershipChange] = ()
    """All that were stored, for what is replayed: it is shown to the members of its own place (P8)."""
    _audience: frozenset[UserId] | None = None

    def forget(self) -> None:
        """Drop what was looked up for a batch; head and members stay good."""
        self.spent.clear()
        self.targets.clear()
        self.changes = ()

    def fold(self, record: Record) -> Folded:
        """
        Decide the items of `record`.

        Raises:
            MisplacedRecordError: it stands in another partition than the conversation's other records.
        """
        if record.epoch == self.head.epoch and record.partition != self.head.partition:
            raise MisplacedRecordError(
                f"{record.command.conversation_id}: offset {record.offset} in partition {record.partition}, "
                f"not in {self.head.partition}"
            )
        if record.position <= self.head.position:
            return Folded(decisions=tuple(self._replayed(record)), rows=())
        written_at = max(self.head.written_at + 1, record.at * 1000)
        self.head = replace(
            self.head, epoch=record.epoch, partition=record.partition, offset=record.offset, written_at=written_at
        )
        decisions: list[Decision] = []
        rows: list[Row] = []
        for index, item in enumerate(record.command.items):
            decision = self._decide(record, index, item)
            decisions.append(decision)
            if decision.turn is Turn.FIRST:
                rows.extend(self._rows(decision, written_at))
        return Folded(decisions=tuple(decisions), rows=tuple(rows))

    def audience(self) -> frozenset[UserId]:
        if self._audience is None:
            self._audience = frozenset(self.members)
        return self._audience

    def _replayed(self, record: Record) -> Iterable[Decision]:
        for item in record.command.items:
            outcome = self.spent.get(spent_key(record.command, item))
            if outcome is None or outcome.position > record.position:
                continue  # it has expired, or was spent anew since: over a week old, nobody waits for it
            if outcome.position < record.position:
                yield self._told(record, item, outcome)
                continue
            seq = self.head.seq if outcome.seq is None else outcome.seq
            yield Decision(
                record=record,
                item=item,
                turn=Turn.REPLAY,
                outcome=outcome,
                event=None,
                audience=_shown_to(item, frozenset(memberships_as_of(self.changes, seq))),
                members_seq=max((change.seq for change in self.changes if change.seq <= seq), default=0),
            )

    def _decide(self, record: Record, index: int, item: Item) -> Decision:
        key = spent_key(record.command, item)
        first = self.spent.get(key)
        # One at this place, or above it, is a leftover of a fold that did not finish: it has not happened yet.
        if first is not None and first.position < record.position and record.at - first.at <= RETRY_WINDOW_MS:
            return self._told(record, item, first)
        refusal = self._refusal(record.command, item)
        event = None if refusal else self._accept(record, item)
        outcome = Outcome(
            epoch=record.epoch,
            offset=record.offset,
            item=index,
            at=record.at,
            seq=event.seq if event else None,
            refusal=refusal,
        )
        self.spent[key] = outcome
        return Decision(
            record=record,
            item=item,
            turn=Turn.FIRST,
            outcome=outcome,
            event=event,
            audience=_shown_to(item, self.audience()),
            members_seq=self.head.members_seq,
        )

    def _told(self, record: Record, item: Item, first: Outcome) -> Decision:
        return Decision(
            record=record,
            item=item,
            turn=Turn.RETRY,
            outcome=first,
            event=None,
            audience=frozenset(),
            members_seq=self.head.members_seq,
        )

    def _refusal(self, command: Command, item: Item) -> str | None:
        """The code with which the item is refused in this state. What was decided before is not asked again."""
        if command.decided:
            return self._target_refusal(item.target_seq) if isinstance(item, DeleteMessage) else None
        member = self.members.get(command.sender_id)
        if member is None:
            return NotMember.code
        match item:
            case PostMessage(reply_to=reply_to):
                return NotFound.code if reply_to is not None and reply_to > self.head.seq else None
            case DeleteMessage(target_seq=target_seq):
                return self._delete_refusal(command.sender_id, member, target_seq)
            case CreateConversation() | AddMembers() | RemoveMember():
                return Forbidden.code
        assert_never(item)

    def _delete_refusal(self, sender: UserId, member: Membership, target_seq: int) -> str | None:
        if (refusal := self._target_refusal(target_seq)) is not None:
            return refusal
        if self.targets[target_seq].sender_id != sender and member.role == "member":
            return Forbidden.code
        return None

    def _target_refusal(self, target_seq: int) -> str | None:
        target = self.targets.get(target_seq)
        if target is None or target_seq > self.head.seq or target.type != "message":
            return NotFound.code
        return Gone.code if target.deleted else None

    def _accept(self, record: Record, item: Item) -> Event:
        is_message = isinstance(item, PostMessage)
        event = Event(
            conversation_id=self.head.conversation_id,
            seq=self.head.seq + 1,
            type=item.type,
            at=record.at,
            sender_id=record.command.sender_id,
            client_id=None if record.command.decided else item.client_id,
            payload=item.payload(),
            messages=self.head.messages + is_message,
        )
        self.targets[event.seq] = Target(type=event.type, sender_id=event.sender_id, deleted=False)
        preview = event if is_message else self.head.preview
        if isinstance(item, DeleteMessage):
            self.targets[item.target_seq] = replace(self.targets[item.target_seq], deleted=True)
            if preview is not None and preview.seq == item.target_seq:
                preview = replace(preview, payload={})
        changes = membership_changes(item, event)
        for change in changes:
            apply_membership(self.members, change)
        if changes:
            self._audience = None
        self.head = replace(
            self.head,
            seq=event.seq,
            messages=event.messages,
            members_seq=event.seq if changes else self.head.members_seq,
            at=event.at,
            preview=preview,
        )
        return event

    def _rows(self, decision: Decision, written_at: int) -> Iterable[Row]:
        command, item, event = decision.record.command, decision.item, decision.event
        yield SpentRow(key=spent_key(command, item), outcome=decision.outcome, written_at=written_at)
        if event is None:
            return
        conversation_id = command.conversation_id
        yield EventRow(event=event, written_at=written_at)
        for change in membership_changes(item, event):
            yield MembershipRow(conversation_id=conversation_id, change=change, written_at=written_at)
        if isinstance(item, PostMessage):
            yield SentRow(
                conversation_id=conversation_id,
                user_id=event.sender_id,
                seq=event.seq,
                messages=event.messages,
                written_at=written_at,
            )
        if isinstance(item, DeleteMessage):
            yield EffectRow(target_seq=item.target_seq, event=event, written_at=written_at)
            yield EmptiedRow(conversation_id=conversation_id, seq=item.target_seq, written_at=written_at)


def target_as_of(event: Event | None, effects: Iterable[Effect], seq: int) -> Target | None:
    """What a command sees of `event` when the head is at `seq`; what lies above it has not happened yet."""
    if event is None or event.seq > seq:
        return None
    deleted = any(effect.type == "delete" and effect.seq <= seq for effect in effects)
    return Target(type=event.type, sender_id=event.sender_id, deleted=deleted)


def spent_key(command: Command, item: Item) -> SpentKey:
    return SpentKey(conversation_id=command.conversation_id, sender_id=command.spender, client_id=item.client_id)


def membership_changes(item: Item, event: Event) -> list[MembershipChange]:
    """Who belongs to the conversation from `event` on."""
    match item:
        case CreateConversation(members=members) | AddMembers(members=members):
            return [_joined(member, event) for member in members]
        case RemoveMember(user_id=user_id):
            return [MembershipChange(user_id=user_id, seq=event.seq, role=None, messages=event.messages)]
        case _:
            return []


def _shown_to(item: Item, members: frozenset[UserId]) -> frozenset[UserId]:
    return members | {item.user_id} if isinstance(item, RemoveMember) else members


def _joined(member: Member, event: Event) -> MembershipChange:
    return MembershipChange(user_id=member.user_id, seq=event.seq, role=member.role, messages=event.messages)
