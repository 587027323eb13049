"""
The fold: gives each command of the log its place in its conversation (P2), or refuses it.

Pure. A decision depends on nothing but the log and the state folded from earlier places of it, so a replay
decides the same and writes the same, whoever does it and whenever.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from natter.domain.conversations.audience import shown_to
from natter.domain.conversations.members import Membership, apply_membership
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.goes import YOUNGER_US
from natter.domain.fold.refusals import State, refusal
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import (
    ClientIdKey,
    ClientIdRow,
    MarkRow,
    Outcome,
    Row,
    SentRow,
    UnspentRow,
    member_rows,
    membership_changes,
    preview_after,
    rows_of,
)
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import (
    Amendment,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    Item,
    PostMessage,
    React,
    Record,
)
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import BOUNDS, Bounds, MarkKey, reacted
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

    `spent`, `targets`, `marks`, `erased` and `past` must hold what the records to come refer to; everything read for
    them must have been bounded by the head (rows above it are leftovers of a fold that did not finish).
    """

    head: Head
    members: dict[UserId, Membership] = field(default_factory=dict)
    spent: dict[ClientIdKey, list[Outcome]] = field(default_factory=dict)
    """What became of each client id, each time that it was spent; in no order."""
    targets: dict[int, Target] = field(default_factory=dict)
    marks: dict[MarkKey, bool] = field(default_factory=dict)
    """Who has set which reaction, of those whom the states of the targets do not name."""
    erased: set[UserId] = field(default_factory=set)
    """Of those whom the targets are from: what they have said is deleted."""
    past: Roster = field(default_factory=Roster)
    """Who belonged to it at the places of what is replayed: it is shown to the members of its own place (P8)."""
    since_roster: int = 0
    """How many events have changed who belongs to it since the last that was stored with all of them."""
    bounds: Bounds = BOUNDS
    _audience: frozenset[UserId] | None = None
    _changed_mark: MarkKey | None = None
    """By the last reaction."""

    def forget(self) -> None:
        """Drop what was looked up for a batch; head and members stay good."""
        self.spent.clear()
        self.targets.clear()
        self.marks.clear()
        self.erased.clear()
        self.past = Roster()
        self._audience = None

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
        written_at = self._written_at(record)
        self.head = replace(
            self.head, epoch=record.epoch, partition=record.partition, offset=record.offset, written_at=written_at
        )
        decisions: list[Decision] = []
        rows: list[Row] = []
        for index, item in enumerate(record.command.items):
            decision = self._decide(record, index, item)
            decisions.append(decision)
            if self.head.voids:
                rows.append(_unspent(record, index, item, written_at))
            if decision.turn is Turn.FIRST:
                rows.extend(self._rows(decision, written_at))
        return Folded(decisions=tuple(decisions), rows=tuple(_sent_once(rows)))

    def void(self, record: Record) -> None:
        """
        Move on as if `record` asked for nothing: it is set aside. All that follows is younger than whatever was tried
        together with it, or will be.
        """
        self.head = replace(
            self.head,
            epoch=record.epoch,
            partition=record.partition,
            offset=record.offset,
            written_at=self._written_at(record) + YOUNGER_US,
            voids=self.head.voids + 1,
        )

    def _written_at(self, record: Record) -> int:
        return max(self.head.written_at + 1, record.at * 1000)

    def audience(self) -> frozenset[UserId]:
        if self._audience is None:
            self._audience = frozenset(self.members)
        return self._audience

    def replayed_at(self, record: Record) -> list[int]:
        """The places of what `record` became, if it was folded before: `past` must know of them when it is replayed."""
        if record.position > self.head.position:
            return []
        outcomes = (self._own_outcome(record, index, item) for index, item in enumerate(record.command.items))
        return [outcome.seq for outcome in outcomes if outcome is not None and outcome.seq is not None]

    def _replayed(self, record: Record) -> Iterable[Decision]:
        for index, item in enumerate(record.command.items):
            outcome = self._own_outcome(record, index, item)
            if outcome is None:
                outcomes = self.spent.get(client_id_key(record.command, item), ())
                first = retried(outcomes, (*record.position, index), record.at)
                if first is not None:  # else it has expired: over a week old, nobody waits for it
                    yield self._told(record, item, first)
                continue
            seq = outcome.seq
            yield Decision(
                record=record,
                item=item,
                turn=Turn.REPLAY,
                outcome=outcome,
                event=None,
                audience=frozenset() if seq is None else shown_to(self.past.as_of(seq), self.past.changes_at(seq)),
                members_seq=self.head.members_seq if seq is None else self.past.changed_at(seq),
            )

    def _own_outcome(self, record: Record, index: int, item: Item) -> Outcome | None:
        """What became of the item, if it was stored."""
        outcomes = self.spent.get(client_id_key(record.command, item), ())
        return next((each for each in outcomes if each.place == (*record.position, index)), None)

    def _decide(self, record: Record, index: int, item: Item) -> Decision:
        spent = self.spent.setdefault(client_id_key(record.command, item), [])
        first = retried(spent, (*record.position, index), record.at)
        if first is not None:
            return self._told(record, item, first)
        state = State(
            head=self.head, members=self.members, targets=self.targets, erased=self.erased, bounds=self.bounds
        )
        code = refusal(record.command, item, state)
        event = None if code else self._accept(record, item)
        changes = [] if event is None else membership_changes(item, event)
        outcome = Outcome(
            epoch=record.epoch,
            offset=record.offset,
            item=index,
            at=record.at,
            seq=event.seq if event else None,
            refusal=code,
        )
        spent.append(outcome)
        return Decision(
            record=record,
            item=item,
            turn=Turn.FIRST,
            outcome=outcome,
            event=event,
            audience=shown_to(self.audience(), changes) if changes else self.audience(),
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

    def _accept(self, record: Record, item: Item) -> Event:
        event = Event(
            conversation_id=self.head.conversation_id,
            seq=self.head.seq + 1,
            type=item.type,
            at=record.at,
            sender_id=record.command.sender_id,
            client_id=None if record.command.decided else item.client_id,
            payload=item.payload(),
            messages=self.head.messages + isinstance(item, PostMessage),
        )
        self.targets[event.seq] = Target(type=event.type, sender_id=event.sender_id)
        if isinstance(item, Amendment):
            self._amend(item, event)
        changes = membership_changes(item, event)
        for change in changes:
            apply_membership(self.members, change)
        self.erased |= {change.user_id for change in changes if change.erased}
        if changes:
            self._audience = None
        self.head = replace(
            self.head,
            seq=event.seq,
            messages=event.messages,
            members_seq=event.seq if changes else self.head.members_seq,
            history=item.history if isinstance(item, CreateConversation) else self.head.history,
            at=event.at,
            preview=preview_after(self.head.preview, item, event),
        )
        return event

    def _amend(self, item: Amendment, event: Event) -> None:
        target = self.targets[item.target_seq]
        match item:
            case EditMessage():
                state = target.state.edited(event.seq, event.at)
            case DeleteMessage():
                state = target.state.deleted(event.seq, event.at)
            case React():
                key = mark_key(event.conversation_id, event.sender_id, item)
                state, mark = reacted(
                    target.state, key, seq=event.seq, remove=item.remove, marks=self.marks, bounds=self.bounds
                )
                if mark is not None:
                    self.marks[key] = mark
                self._changed_mark = None if mark is None else key
        self.targets[item.target_seq] = target.with_state(state)

    def _rows(self, decision: Decision, written_at: int) -> Iterable[Row]:
        item, event = decision.item, decision.event
        key = client_id_key(decision.record.command, item)
        yield ClientIdRow(key=key, outcome=decision.outcome, written_at=written_at)
        if event is None:
            return
        yield from rows_of(item, event, self.targets, written_at)
        if changes := membership_changes(item, event):
            is_due = self.since_roster + 1 >= self.bounds.rosters
            self.since_roster = 0 if is_due else self.since_roster + 1
            yield from member_rows(changes, event, self.members, written_at, with_roster=is_due)
        if isinstance(item, React) and self._changed_mark is not None:
            mark = self._changed_mark
            yield MarkRow(key=mark, seq=event.seq, is_set=self.marks[mark], written_at=written_at)


def retried(outcomes: Iterable[Outcome], place: tuple[int, int, int], at: int) -> Outcome | None:
    """
    The outcome that an item at `place` and time `at` repeats, if it repeats one.

    Outcomes at its place, or above it, are leftovers of a fold that did not finish: they have not happened yet.
    """
    latest = max((each for each in outcomes if each.place < place), key=lambda each: each.place, default=None)
    return latest if latest is not None and at - latest.at <= RETRY_WINDOW_MS else None


def _unspent(record: Record, index: int, item: Item, written_at: int) -> UnspentRow:
    """
    Older than what is noted at this place now, if anything is; younger than what was while a record before it, which is
    set aside by now, counted.
    """
    place = (*record.position, index)
    return UnspentRow(key=client_id_key(record.command, item), place=place, written_at=written_at - 1)


def _sent_once(rows: Sequence[Row]) -> Iterable[Row]:
    """
    `rows` of one record without all but the last of its `SentRow`.

    They are of one age and of one cell: which of them stays, the store would decide.
    """
    sent = [row for row in rows if isinstance(row, SentRow)]
    return (row for row in rows if not isinstance(row, SentRow) or row is sent[-1])


def client_id_key(command: Command, item: Item) -> ClientIdKey:
    return ClientIdKey(conversation_id=command.conversation_id, sender_id=command.spender, client_id=item.client_id)


def mark_key(conversation: ConversationId, user: UserId, item: React) -> MarkKey:
    return MarkKey(conversation_id=conversation, target_seq=item.target_seq, reaction=item.reaction, user_id=user)
