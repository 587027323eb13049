"""
Bugs planted from outside into the shipped code. The simulation is worth something because it catches each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from natter.domain.attachments import UnsettledFiles
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.conversation import Conversation
from natter.domain.fold.writes import ClientIdRow, EmptiedRow, Row
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head, HeadPlace
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.attachments import FileQueue
from natter.ports.messages import EventStore
from natter.ports.reading import HeadCache, ReadTable
from natter.usecases.messages.persist import Persist, Persisted
from natter.usecases.messages.warm import Warm
from tests.reliability.planted_ages import ByTheClock, ReceiptsForgotten, TakesAgeForFault
from tests.reliability.planted_delivery import (
    FansOutToTodaysMembers,
    ForgetsFailures,
    PrunesAtOnce,
    RepeatsWhatArrived,
)
from tests.reliability.planted_faults import (
    AllAtOnce,
    GivesEverythingBack,
    InOneGo,
    LeavesItSpent,
    LeavesWhatItLeft,
    MakesNothingYounger,
    SetsAsideWhatIsBehind,
    TakesRefusalsForOutages,
    WithoutBounds,
)
from tests.reliability.planted_files import (
    EditsShow,
    KeepsTheErased,
    NamedOnce,
    NeverTwice,
    NeverWaits,
    RetriesShow,
)
from tests.reliability.planted_stores import (
    ClockedCursors,
    CountedTables,
    CountedView,
    FillsFromMemory,
    FillsWithoutLease,
    HeadsReadLast,
    RostersAlone,
    RostersOfLaterPlaces,
    RostersUnbounded,
    SharedCursors,
    StaleTables,
    Unbounded,
    WithoutCompare,
)
from tests.reliability.simulation import Parts


@dataclass
class PassingStore:
    """A store in front of another one, for one invocation."""

    inner: EventStore
    held: list[Row] = field(default_factory=list)
    held_heads: list[Head] = field(default_factory=list)

    def write(self, rows: Sequence[Row]) -> None:
        self.inner.write(rows)

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        self.inner.undo(rows, head)

    def write_heads(self, heads: Sequence[Head]) -> None:
        self.inner.write_heads(heads)

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self.inner.write_cursors(cursors)

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:
        return self.inner.takes(conversation, written_at=written_at)

    def flush(self) -> None:
        """At the end of the invocation."""


class HeadFirst(PassingStore):
    def write(self, rows: Sequence[Row]) -> None:
        self.held.extend(rows)

    def write_heads(self, heads: Sequence[Head]) -> None:
        self.inner.write_heads(heads)
        self.inner.write(self.held)


class ClientIdsLast(PassingStore):
    def write(self, rows: Sequence[Row]) -> None:
        self.held.extend(row for row in rows if isinstance(row, ClientIdRow))
        self.inner.write([row for row in rows if not isinstance(row, ClientIdRow)])

    def write_heads(self, heads: Sequence[Head]) -> None:
        self.inner.write_heads(heads)
        self.inner.write(self.held)


class EditsKept(PassingStore):
    """A deletion empties the message, but not its edits."""

    def write(self, rows: Sequence[Row]) -> None:
        self.inner.write([row for row in rows if not (isinstance(row, EmptiedRow) and "target_seq" in row.left)])


class StoredLast(PassingStore):
    def write(self, rows: Sequence[Row]) -> None:
        self.held.extend(rows)

    def write_heads(self, heads: Sequence[Head]) -> None:
        self.held_heads.extend(heads)

    def flush(self) -> None:
        self.inner.write(self.held)
        self.inner.write_heads(self.held_heads)


@dataclass
class LateCache:
    """Moves forward only when the invocation is at its end."""

    inner: HeadCache
    held: list[Head] = field(default_factory=list)

    def advance(self, heads: Sequence[Head]) -> None:
        self.held.extend(heads)

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        return self.inner.get(conversations)

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        return self.inner.places(conversations)

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        return self.inner.fill(conversations, read)

    def flush(self) -> None:
        self.inner.advance(self.held)


class Behind(Persist):
    """`Persist` behind a store and a cache that misbehave."""

    store_type: ClassVar[type[PassingStore]] = PassingStore
    is_cache_late: ClassVar[bool] = False

    def __call__(self, batch: Sequence[Record]) -> Persisted:
        store, late = self.store_type(self.store), LateCache(self.heads)
        persist = Persist(
            timeline=self.timeline,
            store=store,
            heads=late if self.is_cache_late else self.heads,
            files=self.files,
            deliver=self.deliver,
            frames=self.frames,
            events=self.events,
            now_ms=self.now_ms,
            bounds=self.bounds,
            warm=self.warm,
        )
        persisted = persist(batch)
        store.flush()
        late.flush()
        return persisted


class WithHeadFirst(Behind):
    store_type = HeadFirst


class WithClientIdsLast(Behind):
    store_type = ClientIdsLast


class WithEditsKept(Behind):
    store_type = EditsKept


class WithStoredLast(Behind):
    store_type = StoredLast


class WithLateCache(Behind):
    is_cache_late = True


class Trusting(Warm):
    """Keeps what it knows over a hole in the offsets."""

    def begin(self, first: Record) -> None:
        """Takes any record for the next one."""


@dataclass(frozen=True, kw_only=True)
class KeepsCache(Persist):
    warm: Warm = field(default_factory=Trusting)


class ShowsReplaysToAll(Persist):
    """Shows what is replayed to the members of today, not to those of its place."""

    def _load(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        touched = super()._load(batch)
        for conversation in touched.values():
            conversation.past = Roster(members=dict(conversation.members))
        return touched


class ForgetsTheErased(Persist):
    """Takes who is not there any more for somebody who has left."""

    def _load(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        touched = super()._load(batch)
        for conversation in touched.values():
            conversation.erased.clear()
        return touched


@dataclass
class LateFiles:
    """Files that are told to the queue at the end of the invocation."""

    inner: FileQueue
    held: list[UnsettledFiles] = field(default_factory=list)

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:  # noqa: ARG002
        self.held.extend(unsettled)

    def flush(self) -> None:
        self.inner.add(self.held)


class TellsFilesLast(Persist):
    def __call__(self, batch: Sequence[Record]) -> Persisted:
        late = LateFiles(self.files)
        persisted = Persist(**{**vars(self), "files": late})(batch)
        late.flush()
        return persisted


PLANTED = {
    "head before events": Parts(persist=WithHeadFirst),
    "client ids after the head": Parts(persist=WithClientIdsLast),
    "heads read last": Parts(tables=HeadsReadLast),
    "state not bounded by the head": Parts(tables=Unbounded),
    "what cannot be stored is given back": Parts(consumer=GivesEverythingBack),
    "a refusal of the store taken for an outage": Parts(tables=TakesRefusalsForOutages),
    "what is behind a record at fault set aside with it": Parts(consumer=SetsAsideWhatIsBehind),
    "what was set aside leaves something": Parts(consumer=LeavesWhatItLeft),
    "what was tried with a record set aside is not older": Parts(persist=MakesNothingYounger),
    "any length of the log in one go": Parts(persist=InOneGo),
    "what follows from an event written beside it": Parts(persist=AllAtOnce),
    "what a client id became is mixed with what was tried": Parts(persist=LeavesItSpent),
    "what is too old for the store set aside": Parts(persist=TakesAgeForFault),
    "what is too old for the store written by the clock": Parts(persist=ByTheClock),
    "receipts that are too old for the store forgotten": Parts(fold_receipts=ReceiptsForgotten),
    "edits and reactions without end": Parts(persist=WithoutBounds),
    "roster not bounded by the head": Parts(tables=RostersUnbounded),
    "roster of a later place": Parts(tables=RostersOfLaterPlaces),
    "roster without what was before it": Parts(tables=RostersAlone),
    "the erased taken for those who have left": Parts(persist=ForgetsTheErased),
    "edits outlive the deletion": Parts(persist=WithEditsKept),
    "delivery before storing": Parts(persist=WithStoredLast),
    "head cache behind delivery": Parts(persist=WithLateCache),
    "files told when their names are gone": Parts(persist=TellsFilesLast),
    "the retry of a deleted message shows its file again": Parts(attachments=RetriesShow),
    "a refused edit shows its file": Parts(attachments=EditsShow),
    "a file is shown for ever by who has shown it": Parts(find=NamedOnce),
    "files settled without looking again": Parts(settle_files=NeverTwice),
    "files settled before the fold has come there": Parts(settle_files=NeverWaits),
    "files kept of who is erased": Parts(settle_files=KeepsTheErased),
    "cache kept over a hole": Parts(persist=KeepsCache),
    "replays shown to today's members": Parts(persist=ShowsReplaysToAll),
    "stale reads": Parts(tables=StaleTables),
    "head cache moved backwards": Parts(heads=WithoutCompare),
    "head cache filled by who is late": Parts(heads=FillsFromMemory),
    "head cache filled without a lease": Parts(heads=FillsWithoutLease),
    "unread incremented": Parts(tables=CountedTables, view=CountedView),
    "two writers on one cursor": Parts(tables=SharedCursors),
    "cursors by the clock of the writer": Parts(tables=ClockedCursors),
    "410 prunes a fresh registration": Parts(settle=PrunesAtOnce),
    "failed posts are forgotten": Parts(settle=ForgetsFailures),
    "slices repeat what arrived": Parts(settle=RepeatsWhatArrived),
    "fanout to today's members": Parts(fanout=FansOutToTodaysMembers),
}

SOON_CAUGHT = {
    "any length of the log in one go": 268,
    "client ids after the head": 9,
    "cursors by the clock of the writer": 77,
    "edits and reactions without end": 64,
    "edits outlive the deletion": 102,
    "failed posts are forgotten": 11,
    "fanout to today's members": 11,
    "head cache filled by who is late": 25,
    "head cache filled without a lease": 558,
    "head cache moved backwards": 12,
    "roster of a later place": 18,
    "roster without what was before it": 18,
    "state not bounded by the head": 11,
    "the erased taken for those who have left": 39,
    "what a client id became is mixed with what was tried": 877,
    "what is too old for the store set aside": 4,
    "what is too old for the store written by the clock": 14,
    "receipts that are too old for the store forgotten": 154,
}
"""Seeds that are tried first: where few catch it, it would take long. When runs change, others are found."""
