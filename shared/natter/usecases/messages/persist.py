"""
Give every command of the log its place, store it, show it to who is connected, and say that it happened.

Persist, then deliver (P5). A crash anywhere is healed by the replay of the batch: it decides and writes the same
again, and delivers what may not have been delivered (P1, P9).
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from natter.domain.clock import NowMs
from natter.domain.delivery import contiguous
from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import (
    Conversation,
    Decision,
    Turn,
)
from natter.domain.fold.goes import goes
from natter.domain.fold.writes import Place, Row, in_turn
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Emission, Event, Head
from natter.domain.messages.states import BOUNDS, Bounds
from natter.domain.write_times import Horizon
from natter.ports.attachments import FileQueue
from natter.ports.frames import Frames
from natter.ports.messages import EventLog, EventStore
from natter.ports.reading import HeadCache, Timeline
from natter.usecases.delivery.deliver import STALE_MS, Deliver, Delivery, Reply
from natter.usecases.delivery.settle_posts import Settled
from natter.usecases.messages.leftovers import load_readable, rows_of, void_in_parts
from natter.usecases.messages.load import LoadConversations
from natter.usecases.messages.unsettled_files import unsettled_files
from natter.usecases.messages.warm import Warm
from natter.usecases.reading.show_events import ShowEvents

_logger = logging.getLogger(__name__)

SETTLE_AFTER_S = 5
"""When mostly what files are to be settled for has been written."""


class NotStored(Unavailable):
    """The store answered while the batch was read, and not when it was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Persisted:
    decisions: Sequence[Decision]
    stored_at: int
    """When all of it was, milliseconds; after that it was delivered."""
    report: Settled


@dataclass(frozen=True, kw_only=True)
class Persist:
    """
    Fold a batch: of each partition in it, the next records in their order.

    Raises:
        Unavailable: give the whole batch back. Nothing of it is lost or doubled by folding it again.
        MisplacedRecordError: two writers for one conversation; nothing was written.
        Any other exception: one of the records is at fault, now and for ever. Without it the others can be folded;
            `void` removes what it may have left.
    """

    timeline: Timeline
    store: EventStore
    heads: HeadCache
    files: FileQueue
    deliver: Deliver
    frames: Frames
    events: EventLog
    now_ms: NowMs
    bounds: Bounds = BOUNDS
    warm: Warm = field(default_factory=Warm)
    horizon: Horizon = field(default_factory=Horizon)
    looked_up: Callable[[int, int], None] = lambda _hits, _misses: None
    """Told how many conversations were warm, and how many were not."""

    @property
    def show(self) -> ShowEvents:
        return ShowEvents(timeline=self.timeline)

    def __call__(self, batch: Sequence[Record]) -> Persisted:
        decisions: list[Decision] = []
        touched: dict[ConversationId, Conversation] = {}
        for go in self._goes(batch):
            touched |= self._store(go, decisions)
        stored_at = self.now_ms()

        self.heads.advance([conversation.head for conversation in touched.values()])
        events = self._events(decisions)
        again = self._again(decisions, events, touched)
        report = self.deliver(self._deliveries(decisions, events), list(self._told(decisions, again)))
        self.events.emit(_emissions(decisions, events))
        return Persisted(decisions=decisions, stored_at=stored_at, report=report)

    def _store(self, batch: Sequence[Record], into: list[Decision]) -> Mapping[ConversationId, Conversation]:
        """
        Fold what is stored in one go, again as long as that is refused for its age; adds its decisions to `into`, and
        returns the conversations after it.
        """
        while (folded := self._try_to_store(batch)) is None:
            pass
        touched, decisions = folded
        for lane in _lanes(batch):
            self.warm.complete(lane, touched)
        into += decisions
        return touched

    def _try_to_store(
        self, batch: Sequence[Record]
    ) -> tuple[Mapping[ConversationId, Conversation], Sequence[Decision]] | None:
        """None if it was refused for its age, and will get later timestamps: each time the horizon has moved on."""
        for lane in _lanes(batch):
            self.warm.begin(lane[0])
        touched = self._load(batch)
        folded_before = {each: conversation.head for each, conversation in touched.items()}
        folds = [touched[record.command.conversation_id].fold(record) for record in batch]
        decisions = [decision for fold in folds for decision in fold.decisions]
        heads = [conversation.head for conversation in touched.values()]

        unsettled = unsettled_files(decisions, touched, self.timeline)
        if unsettled:
            # before the words that name them go: a replay could not read them any more
            self.files.add(unsettled, delay_s=SETTLE_AFTER_S)
        rows = [row for fold in folds for row in fold.rows]
        moved = [head for head in heads if head != folded_before[head.conversation_id]]
        try:
            self._write(rows)
            self.store.write_heads(moved)
        except Unavailable:
            raise
        except Exception as error:  # a refusal, whatever the store calls it
            if self._is_refused_for_good(batch, [*rows, *moved], error):
                raise
            return None
        return touched, decisions

    def _is_refused_for_good(self, batch: Sequence[Record], refused: Sequence[Row | Head], error: Exception) -> bool:
        """Whether it was refused for something else than its age; if not, it will be written as if it were younger."""
        conversation = batch[0].command.conversation_id
        try:
            self.horizon.move(
                min(each.written_at for each in refused),
                error,
                now_ms=self.now_ms(),
                takes=lambda written_at: self.store.takes(conversation, written_at=written_at),
            )
        except Unavailable:
            raise
        except Exception as refusal:
            if refusal is not error:
                raise
            return True
        self.warm.clear()
        return False

    def void(self, record: Record, followers: Sequence[Record]) -> None:
        """
        Let `record` never have happened, after it was set aside; `followers` of its partition may have been tried with
        it. What storing them may have left is removed, or older than what takes its place, and they are folded again,
        without it.

        Raises:
            Unavailable: do it again.
        """
        self.warm.forget(record.partition)
        conversation_id = record.command.conversation_id
        together = next(self._goes([record, *followers]))
        same = [each for each in together if each.command.conversation_id == conversation_id]
        records, loaded = load_readable(same, self._load)
        if loaded is None:
            return  # all is read before anything is stored
        tried, voided = loaded[conversation_id], self._load([record])[conversation_id]
        if record.position <= voided.head.position:
            return
        voided.void(record)
        rows = rows_of(tried, records)
        try:
            self.store.undo(rows, voided.head)
            self.store.write_heads([voided.head])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as in `_store`
            if self._is_refused_for_good(records, [*rows, voided.head], error):
                void_in_parts(self.store, rows, voided.head)
            else:
                self.void(record, followers)

    def _goes(self, batch: Sequence[Record]) -> Iterator[Sequence[Record]]:
        return goes(_lanes(batch))

    def _write(self, rows: Sequence[Row]) -> None:
        try:
            for each in in_turn(rows):
                if each:
                    self.store.write(each)
        except Unavailable as error:
            raise NotStored(error.dependency) from error

    def _load(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        """The conversations of the batch as of their heads, knowing all that the batch refers to."""
        load = LoadConversations(timeline=self.timeline, warm=self.warm, bounds=self.bounds, looked_up=self.looked_up)
        touched = load(batch)
        for conversation in touched.values():
            conversation.refused_to = self.horizon.refused_to
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
        messages: dict[tuple[UserId, ConversationId], list[Event]] = {}
        for (conversation_id, _), event in retried.items():
            if event.type == "message":
                messages.setdefault((event.sender_id, conversation_id), []).append(event)
        for (sender, conversation_id), theirs in messages.items():
            for shown in self.show(sender, conversation_id, theirs, state_seq=touched[conversation_id].head.seq):
                retried[conversation_id, shown.seq] = shown
        return retried

    def _told(self, decisions: Sequence[Decision], again: Mapping[Place, Event]) -> Iterable[Reply]:
        """What the asking connection alone is told: the first outcomes of what it repeats, and refusals (P3)."""
        for group in _by_record(decisions).values():
            command = group[0].record.command
            if command.origin is not None:
                for frame in self._answers(command.conversation_id, group, again):
                    yield Reply(connection=command.origin, conversation_id=command.conversation_id, frame=frame)

    def _answers(
        self, conversation: ConversationId, decisions: Sequence[Decision], again: Mapping[Place, Event]
    ) -> Iterable[bytes]:
        """As few frames as it takes to say what became of one record."""
        refused: dict[str, list[str]] = {}
        for decision in decisions:
            if decision.outcome.refusal is not None:
                refused.setdefault(decision.outcome.refusal, []).append(decision.item.client_id)
        yield from (self.frames.refusal(conversation, code, client_ids) for code, client_ids in refused.items())
        retried = {
            decision.outcome.seq: again[_place(decision)]
            for decision in decisions
            if decision.turn is Turn.RETRY and decision.outcome.seq is not None
        }
        for run in contiguous(retried[seq] for seq in sorted(retried)):
            yield from (each.frame for each in self.frames.events(conversation, run))


def _lanes(batch: Sequence[Record]) -> list[list[Record]]:
    """`batch` by partition."""
    lanes: dict[int, list[Record]] = {}
    for record in batch:
        lanes.setdefault(record.partition, []).append(record)
    return list(lanes.values())


def _emissions(decisions: Sequence[Decision], events: Mapping[Place, Event]) -> list[Emission]:
    """One for each record: a record is bounded by a frame, so an emission stays far below what the log takes."""
    happened = [each for each in decisions if each.turn is not Turn.RETRY and each.outcome.seq is not None]
    return [
        Emission(
            conversation_id=group[0].record.command.conversation_id,
            events=tuple(events[_place(decision)] for decision in group),
            members_seq=group[0].members_seq,
        )
        for group in _by_record(happened).values()
    ]


def _by_record(decisions: Iterable[Decision]) -> Mapping[tuple[int, tuple[int, int]], list[Decision]]:
    by_record: dict[tuple[int, tuple[int, int]], list[Decision]] = {}
    for decision in decisions:
        key = decision.record.partition, decision.record.position
        by_record.setdefault(key, []).append(decision)
    return by_record


def _place(decision: Decision) -> Place:
    if decision.outcome.seq is None:
        raise ValueError("a refused item has no place")
    return decision.record.command.conversation_id, decision.outcome.seq
