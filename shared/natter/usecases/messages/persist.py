"""
Give every command of the log its place, store it, show it to who is connected, and say that it happened.

Persist, then deliver (P5). A crash anywhere is healed by the replay of the batch: it decides and writes the same
again, and delivers what may not have been delivered (P1, P9).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from natter.domain.conversations.members import erased_as_of, memberships_as_of
from natter.domain.delivery import contiguous
from natter.domain.fold.conversation import Conversation, Decision, Folded, MisplacedRecordError, Turn, spent_key
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.targets import target_as_of
from natter.domain.fold.writes import Place
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Amendment, Record
from natter.domain.messages.events import Emission, Event, Head
from natter.domain.reading.pages import as_of
from natter.ports.attachments import FileQueue
from natter.ports.frames import Frames
from natter.ports.messages import EventLog, EventStore
from natter.ports.reading import HeadCache, Timeline
from natter.usecases.delivery.deliver import STALE_MS, Deliver, Delivery, Told
from natter.usecases.delivery.settle_posts import Report
from natter.usecases.messages.unsettled_files import unsettled_files

CACHED_CONVERSATIONS = 20_000
SETTLE_AFTER_S = 5
"""When mostly what files are to be settled for has been written."""


class UnfoldableRecordError(Exception):
    """A record that the fold cannot digest, now or ever: a bug. Nothing was written; without it the batch folds."""

    def __init__(self, record: Record) -> None:
        super().__init__(f"partition {record.partition}, offset {record.offset}")
        self.record = record


@dataclass
class Partition:
    """
    What this execution environment still knows of one partition.

    Good only while the partition's records arrive here without a hole: another environment may have folded
    what is missing.
    """

    next_offset: tuple[int, int] | None = None
    """(epoch, offset) that must come next; None: nothing is known."""
    conversations: dict[ConversationId, Conversation] = field(default_factory=dict)

    def begin(self, first: Record) -> None:
        """Start a batch. Until `complete`, nothing is known: a batch that fails leaves nothing behind."""
        if self.next_offset != first.position or len(self.conversations) > CACHED_CONVERSATIONS:
            self.conversations = {}
        self.next_offset = None

    def complete(self, lane: Sequence[Record], touched: Mapping[ConversationId, Conversation]) -> None:
        """Keep what `lane` touched, but for conversations ahead of it: their replay takes all that is stored."""
        last = lane[-1]
        for conversation_id in {record.command.conversation_id for record in lane}:
            conversation = touched[conversation_id]
            if conversation.head.position <= last.position:
                conversation.forget()
                self.conversations[conversation_id] = conversation
        self.next_offset = (last.epoch, last.offset + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Persisted:
    decisions: Sequence[Decision]
    report: Report


@dataclass(frozen=True, kw_only=True)
class Persist:
    """
    Fold a batch: of each partition in it, the next records in their order.

    Raises:
        Unavailable: give the whole batch back. Nothing of it is lost or doubled by folding it again.
        MisplacedRecordError: two writers for one conversation; nothing was written.
        UnfoldableRecordError: set it aside, and fold the batch without it.
    """

    timeline: Timeline
    store: EventStore
    heads: HeadCache
    files: FileQueue
    deliver: Deliver
    frames: Frames
    events: EventLog
    now_ms: Callable[[], int]
    partitions: dict[int, Partition] = field(default_factory=dict)

    def __call__(self, batch: Sequence[Record]) -> Persisted:
        lanes = _lanes(batch)
        for lane in lanes:
            self.partitions.setdefault(lane[0].partition, Partition()).begin(lane[0])
        touched = self._load(batch)
        folded_before = {each: conversation.head for each, conversation in touched.items()}
        folds = [_folded(touched[record.command.conversation_id], record) for record in batch]
        decisions = [decision for fold in folds for decision in fold.decisions]
        heads = [conversation.head for conversation in touched.values()]

        unsettled = unsettled_files(decisions, touched, self.timeline)
        if unsettled:
            # before the words that name them go: a replay could not read them any more
            self.files.add(unsettled, delay_s=SETTLE_AFTER_S)
        self.store.write([row for fold in folds for row in fold.rows])
        self.store.write_heads([head for head in heads if head != folded_before[head.conversation_id]])
        for lane in lanes:
            self.partitions[lane[0].partition].complete(lane, touched)

        self.heads.advance(heads)
        events = self._events(decisions)
        again = self._again(decisions, events, touched)
        report = self.deliver(self._deliveries(decisions, events), list(self._told(decisions, again)))
        self.events.emit(_emissions(decisions, events))
        return Persisted(decisions=decisions, report=report)

    def _load(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        """The conversations of the batch as of their heads, knowing all that the batch refers to."""
        partitions = {record.command.conversation_id: self.partitions[record.partition] for record in batch}
        warm = {each: partition.conversations.get(each) for each, partition in partitions.items()}
        items = [(record.command, item) for record in batch for item in record.command.items]
        known = self.timeline.read(
            Wanted(
                conversations=[each for each, conversation in warm.items() if conversation is None],
                keys=list(dict.fromkeys(spent_key(command, item) for command, item in items)),
                targets=list(
                    dict.fromkeys(
                        (command.conversation_id, item.target_seq)
                        for command, item in items
                        if isinstance(item, Amendment)
                    )
                ),
            )
        )
        touched = {each: conversation or _as_of_head(each, known) for each, conversation in warm.items()}
        for key, outcomes in known.outcomes.items():
            touched[key.conversation_id].spent[key] = list(outcomes)
        for (conversation_id, seq), event in known.targets.items():
            conversation = touched[conversation_id]
            target = target_as_of(event, known.effects.get((conversation_id, seq), ()), conversation.head.seq)
            if target is not None:
                conversation.targets[seq] = target
        return touched

    def _events(self, decisions: Sequence[Decision]) -> Mapping[Place, Event]:
        """The events that the decisions speak of: of this batch, or stored before."""
        here = {_place(decision): decision.event for decision in decisions if decision.event is not None}
        before = dict.fromkeys(
            _place(decision)
            for decision in decisions
            if decision.outcome.seq is not None and _place(decision) not in here
        )
        return {**here, **(self.timeline.events_at(list(before)) if before else {})}

    def _deliveries(self, decisions: Sequence[Decision], events: Mapping[Place, Event]) -> list[Delivery]:
        """What everybody is shown: what happened now, and what an earlier fold may not have come to deliver."""
        oldest = self.now_ms() - STALE_MS
        shown = [
            decision
            for decision in decisions
            if decision.outcome.seq is not None
            and (decision.turn is Turn.FIRST or (decision.turn is Turn.REPLAY and decision.record.at > oldest))
        ]
        deliveries: dict[tuple[ConversationId, frozenset[UserId]], list[Event]] = {}
        for decision in shown:
            key = (decision.record.command.conversation_id, decision.audience)
            deliveries.setdefault(key, []).append(events[_place(decision)])
        return [
            Delivery(conversation_id=conversation_id, events=run, audience=audience)
            for (conversation_id, audience), happened in deliveries.items()
            for run in contiguous(happened)
        ]

    def _again(
        self,
        decisions: Sequence[Decision],
        events: Mapping[Place, Event],
        touched: Mapping[ConversationId, Conversation],
    ) -> Mapping[Place, Event]:
        """The events that retries are answered with: a message as it is now, shown to its sender."""
        retried = {
            place: events[place]
            for decision in decisions
            if decision.turn is Turn.RETRY and decision.outcome.seq is not None
            for place in [_place(decision)]
        }
        messages = [place for place, event in retried.items() if event.type == "message"]
        effects = self.timeline.effects_on(messages) if messages else {}
        for place in messages:
            head, sender = touched[place[0]].head, retried[place].sender_id
            (retried[place],) = as_of([retried[place]], effects[place], reader=sender, state_seq=head.seq)
        return retried

    def _told(self, decisions: Sequence[Decision], again: Mapping[Place, Event]) -> Iterable[Told]:
        """What the asking connection alone is told: the first outcome of what it repeats, and refusals (P3)."""
        for decision in decisions:
            command, outcome = decision.record.command, decision.outcome
            if command.origin is None:
                continue
            frames: Sequence[bytes] = ()
            if outcome.refusal is not None:
                frames = [self.frames.refusal(command.conversation_id, outcome.refusal, [decision.item.client_id])]
            elif decision.turn is Turn.RETRY:
                frames = self.frames.events(command.conversation_id, [again[_place(decision)]])
            for frame in frames:
                yield Told(
                    connection=command.origin,
                    conversation_id=command.conversation_id,
                    frame=frame,
                )


def _lanes(batch: Sequence[Record]) -> list[list[Record]]:
    """`batch` by partition."""
    lanes: dict[int, list[Record]] = {}
    for record in batch:
        lanes.setdefault(record.partition, []).append(record)
    return list(lanes.values())


def _folded(conversation: Conversation, record: Record) -> Folded:
    try:
        return conversation.fold(record)
    except MisplacedRecordError:
        raise
    except Exception as error:  # the fold does no I/O: this will not pass
        raise UnfoldableRecordError(record) from error


def _emissions(decisions: Sequence[Decision], events: Mapping[Place, Event]) -> list[Emission]:
    """One for each record: a record is bounded by a frame, so an emission stays far below what the log takes."""
    by_record: dict[tuple[int, int], list[Decision]] = {}
    for decision in decisions:
        if decision.turn is not Turn.RETRY and decision.outcome.seq is not None:
            by_record.setdefault(decision.record.position, []).append(decision)
    return [
        Emission(
            conversation_id=group[0].record.command.conversation_id,
            events=tuple(events[_place(decision)] for decision in group),
            members_seq=group[0].members_seq,
        )
        for group in by_record.values()
    ]


def _as_of_head(conversation_id: ConversationId, known: Known) -> Conversation:
    head = known.heads.get(conversation_id, Head(conversation_id=conversation_id))
    changes = known.membership_changes.get(conversation_id, ())
    return Conversation(
        head=head,
        members=memberships_as_of(changes, head.seq),
        erased=erased_as_of(changes, head.seq),
        changes=changes,
    )


def _place(decision: Decision) -> Place:
    if decision.outcome.seq is None:
        raise ValueError("a refused item has no place")
    return decision.record.command.conversation_id, decision.outcome.seq
