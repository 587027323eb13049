"""Bugs planted into what becomes of what cannot be stored, and of what is more than there may be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from natter.domain.errors import Unavailable
from natter.domain.fold.goes import YOUNGER_US
from natter.domain.fold.writes import Row, UnspentRow
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.domain.messages.states import Bounds
from natter.domain.receipts import Cursor, CursorKey
from natter.entrypoints.record import Batch, StreamRecord
from natter.ports.messages import EventStore
from natter.usecases.messages.persist import Persist
from tests.reliability.isolating import Consumer
from tests.reliability.ports import NeverStoredError, SteppedTables

ENDLESS = Bounds(edits=10**6, reactions=10**6, named=1)


class GivesEverythingBack(Consumer):
    """Whatever goes wrong, the batch comes again."""

    def _consume(self, piece: Batch) -> None:
        try:
            super()._consume(piece)
        except Exception as error:
            raise Unavailable("something") from error


class TakesRefusalsForOutages(SteppedTables):
    """What the store will never take is tried again, until it does."""

    def write(self, rows: Sequence[Row]) -> None:
        try:
            super().write(rows)
        except NeverStoredError as error:
            raise Unavailable("the message store") from error


class SetsAsideWhatIsBehind(Consumer):
    """What was tried together with a record at fault goes with it."""

    def _set_aside(self, raw: StreamRecord, error: Exception, followers: Batch) -> None:
        super()._set_aside(raw, error, followers)
        for each in followers:
            super()._set_aside(each, error, ())


class LeavesWhatItLeft(Consumer):
    """What storing a record has left before it was set aside stays."""

    def _set_aside(self, raw: StreamRecord, error: Exception, followers: Batch) -> None:  # noqa: ARG002
        self.dead.add(self._records[raw.offset])


@dataclass(frozen=True)
class Ageless:
    """What was set aside is as old as any record."""

    inner: EventStore

    def write(self, rows: Sequence[Row]) -> None:
        self.inner.write(rows)

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        self.inner.undo(rows, _older(head))

    def write_heads(self, heads: Sequence[Head]) -> None:
        self.inner.write_heads([_older(head) for head in heads])

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self.inner.write_cursors(cursors)

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:
        return self.inner.takes(conversation, written_at=written_at)


def _older(head: Head) -> Head:
    return replace(head, written_at=head.written_at - YOUNGER_US + 1)


class MakesNothingYounger(Persist):
    """What follows a record that is set aside is a microsecond younger than it, as after any other."""

    def void(self, record: Record, followers: Sequence[Record]) -> None:
        Persist.void(Persist(**{**vars(self), "store": Ageless(self.store)}), record, followers)


class InOneGo(Persist):
    """All of a batch is tried together, whatever time it spans."""

    def _goes(self, batch: Sequence[Record]) -> Iterator[Sequence[Record]]:
        yield batch


class AllAtOnce(Persist):
    """What an event changes is written together with it."""

    def _write(self, rows: Sequence[Row]) -> None:
        self.store.write(rows)


class LeavesItSpent(Persist):
    """What a client id became is written over what was tried, cell by cell."""

    def _write(self, rows: Sequence[Row]) -> None:
        super()._write([row for row in rows if not isinstance(row, UnspentRow)])


@dataclass(frozen=True, kw_only=True)
class WithoutBounds(Persist):
    """Edits and reactions without end."""

    bounds: Bounds = ENDLESS

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", ENDLESS)
