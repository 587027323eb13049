"""Bugs planted into what becomes of what cannot be stored, and of what is more than there may be."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.errors import Unavailable
from natter.domain.fold.writes import Row
from natter.domain.messages.states import Bounds
from natter.entrypoints.record import Batch, StreamRecord
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


@dataclass(frozen=True, kw_only=True)
class WithoutBounds(Persist):
    """Edits and reactions without end."""

    bounds: Bounds = ENDLESS

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", ENDLESS)
