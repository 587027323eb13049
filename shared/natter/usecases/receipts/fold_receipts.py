"""
Move the cursors of members to where they say they are, and show it to who may know.

Merged by maximum and stored before anybody is told; a batch that comes again changes nothing (P6, P9).
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import batched

from natter.domain.clock import NowMs
from natter.domain.conversations.roster import Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, UserId
from natter.domain.push.badges import Readers
from natter.domain.receipts import MAX_READERS_SHOWN, Cursor, CursorKey, Progress, ReceiptRecord, advanced, goes, risen
from natter.domain.write_times import Horizon
from natter.ports.accounts import Blocks
from natter.ports.conversations import Admission
from natter.ports.frames import Frames
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from natter.usecases.delivery.tell import Notice, Tell

_logger = logging.getLogger(__name__)

ROSTERS_AT_ONCE = 100
"""Conversations whose members are looked up together: each may have a thousand."""

type Pair = tuple[UserId, UserId]


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A member has come further."""

    progress: Progress
    said_by: ConnectionId | None
    """The connection that said so; None if several did, or none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A cursor as it was and is, and what has moved it."""

    before: Cursor
    after: Cursor
    records: Sequence[ReceiptRecord]

    def then(self, later: "Moved") -> "Moved":
        return Moved(before=self.before, after=later.after, records=(*self.records, *later.records))


@dataclass(frozen=True, kw_only=True)
class FoldReceipts:
    """
    Fold one in-order batch of a partition: one read and one write for each member it speaks of, mostly.

    What lies beyond the head is refused before it comes into the log; should it be there all the same, it moves
    nothing, and nothing behind it waits.

    Raises:
        Unavailable: give the whole batch back; folding it again is safe.
    """

    timeline: Timeline
    store: EventStore
    admission: Admission
    blocks: Blocks
    frames: Frames
    tell: Tell
    now_ms: NowMs
    has_read: Callable[[Readers], None] = lambda _readers: None
    """Told who has read something, once it is stored."""
    horizon: Horizon = field(default_factory=Horizon)

    def __call__(self, batch: Sequence[ReceiptRecord]) -> None:
        """Whose receipts lie apart is told of last: everybody else waits for the first round alone."""
        rounds = iter(goes(batch))
        self._tell(self._store(next(rounds, ())))
        later: dict[CursorKey, Moved] = {}
        try:
            for go in rounds:
                for key, moved in self._store(go).items():
                    later[key] = later[key].then(moved) if key in later else moved
        finally:  # what is stored moves nothing when it comes again, so nobody would ever be told
            self._tell(later)

    def _store(self, batch: Sequence[ReceiptRecord]) -> Mapping[CursorKey, Moved]:
        """Whose cursors have moved."""
        by_member: dict[CursorKey, list[ReceiptRecord]] = {}
        for record in self._possible(batch):
            key = record.receipt.conversation_id, record.receipt.user_id
            by_member.setdefault(key, []).append(record)
        stored = self.timeline.cursors(by_member.keys())
        before = {key: stored.get(key, Cursor()) for key in by_member}
        refused_to = self.horizon.refused_to
        advance = {key: advanced(before[key], records, refused_to) for key, records in by_member.items()}
        after = self._counted(before, advance)
        try:
            if after:
                self.store.write_cursors(after)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a refusal, whatever the store calls it; it is raised again
            self._pass_horizon(after, error)
            return self._store(batch)
        return {
            key: Moved(before=before[key], after=cursor, records=tuple(by_member[key])) for key, cursor in after.items()
        }

    def _tell(self, moved: Mapping[CursorKey, Moved]) -> None:
        moves: dict[ConversationId, list[Move]] = {}
        reading: dict[UserId, set[DeviceId | None]] = {}
        for (conversation, user), each in moved.items():
            progress = risen(user, each.before, each.after)
            if progress is not None:
                move = Move(progress=progress, said_by=_only_connection(each.records))
                moves.setdefault(conversation, []).append(move)
            if each.after.read_seq != each.before.read_seq:
                reading.setdefault(user, set()).update(_devices(each.records, above=each.before.read_seq))
        self._show(moves)
        if reading:
            self.has_read({user: _only(devices) for user, devices in reading.items()})

    def _pass_horizon(self, refused: Mapping[CursorKey, Cursor], error: Exception) -> None:
        """Let what is too old for the store be written as if it were younger; raises what `Horizon.move` does."""
        conversation, _ = next(iter(refused))
        self.horizon.move(
            min(cursor.written_at for cursor in refused.values()),
            error,
            now_ms=self.now_ms(),
            takes=lambda written_at: self.store.takes(conversation, written_at=written_at),
        )

    def _possible(self, batch: Sequence[ReceiptRecord]) -> list[ReceiptRecord]:
        heads = self.timeline.heads({record.receipt.conversation_id for record in batch})
        possible = []
        for record in batch:
            receipt = record.receipt
            head = heads.get(receipt.conversation_id)
            if head is not None and max(receipt.read_seq, receipt.delivered_seq) <= head.seq:
                possible.append(record)
            else:
                _logger.error("a receipt in %s is beyond its head", receipt.conversation_id)
        return possible

    def _counted(
        self, before: Mapping[CursorKey, Cursor], after: Mapping[CursorKey, Cursor]
    ) -> dict[CursorKey, Cursor]:
        """The cursors that have moved, with how many messages there are up to what was read."""
        moved = {key: cursor for key, cursor in after.items() if cursor != before[key]}
        places = {
            (conversation, cursor.read_seq)
            for (conversation, user), cursor in moved.items()
            if cursor.read_seq != before[conversation, user].read_seq
        }
        messages = self.timeline.messages_at(places) if places else {}
        return {
            (conversation, user): replace(
                cursor, read_messages=messages.get((conversation, cursor.read_seq), cursor.read_messages)
            )
            for (conversation, user), cursor in moved.items()
        }

    def _show(self, moves: Mapping[ConversationId, Sequence[Move]]) -> None:
        """Best effort: what nobody is told now is in the cursors all the same."""
        if not moves:
            return
        try:
            notices = [
                notice
                for some in batched(moves.items(), ROSTERS_AT_ONCE, strict=False)
                for notice in self._notices(dict(some))
            ]
        except Unavailable as error:
            _logger.warning("receipts are not shown: %s", error)
        else:
            self.tell.all(notices)

    def _notices(self, moves: Mapping[ConversationId, Sequence[Move]]) -> Iterable[Notice]:
        """Their own to their other devices; to the others of a small conversation, what they may know."""
        rosters = self.admission.rosters(moves.keys())
        shown = {each: _shown_to_others(roster, moves[each]) for each, roster in rosters.items()}
        hidden = self._across_blocks(rosters, shown)
        for conversation, roster in rosters.items():
            for move in moves[conversation]:
                user = move.progress.user_id
                if user in roster.roles:
                    frame = self.frames.receipts(conversation, [move.progress])
                    yield Notice(frame=frame, users=[user], but=move.said_by)
            for progress, users in _readers(roster, shown[conversation], hidden).items():
                yield Notice(frame=self.frames.receipts(conversation, progress), users=users)

    def _across_blocks(
        self, rosters: Mapping[ConversationId, Roster], shown: Mapping[ConversationId, Sequence[Progress]]
    ) -> Collection[Pair]:
        """Who has moved, and who is not shown it. Of direct conversations the roster says so, of groups nobody does."""
        pairs = {
            (progress.user_id, other)
            for conversation, roster in rosters.items()
            if roster.kind == "group"
            for progress in shown[conversation]
            for other in roster.roles
            if other != progress.user_id
        }
        return self.blocks.across(pairs) if pairs else ()


def _shown_to_others(roster: Roster, moves: Iterable[Move]) -> Sequence[Progress]:
    if roster.blocked or len(roster.roles) > MAX_READERS_SHOWN:
        return ()
    direct = roster.kind == "direct"
    return [
        move.progress if direct else replace(move.progress, delivered_seq=None)
        for move in moves
        if move.progress.user_id in roster.roles and (direct or move.progress.read_seq is not None)
    ]


def _readers(
    roster: Roster, shown: Sequence[Progress], hidden: Collection[Pair]
) -> Mapping[tuple[Progress, ...], list[UserId]]:
    """The members by what each is shown of the others."""
    readers: dict[tuple[Progress, ...], list[UserId]] = {}
    for user in roster.roles:
        others = (each for each in shown if each.user_id != user and (each.user_id, user) not in hidden)
        if progress := tuple(others):
            readers.setdefault(progress, []).append(user)
    return readers


def _only_connection(records: Iterable[ReceiptRecord]) -> ConnectionId | None:
    return _only({record.receipt.connection_id for record in records})


def _devices(records: Iterable[ReceiptRecord], *, above: int) -> set[DeviceId | None]:
    """Those that have read on from there."""
    return {record.receipt.device_id for record in records if record.receipt.read_seq > above}


def _only[Said](values: Collection[Said]) -> Said | None:
    return next(iter(values)) if len(values) == 1 else None
