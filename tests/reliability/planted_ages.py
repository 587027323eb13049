"""Bugs planted into what becomes of what has waited for so long that the store refuses its timestamps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from natter.domain.fold.conversation import Conversation
from natter.domain.fold.writes import Row
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.domain.receipts import Cursor, CursorKey, ReceiptRecord
from natter.usecases.messages.persist import Persist
from natter.usecases.receipts.fold_receipts import FoldReceipts, Moved


class TakesAgeForFault(Persist):
    """What the store refuses for its age is set aside."""

    def _is_refused_for_good(self, batch: Sequence[Record], refused: Sequence[Row | Head], error: Exception) -> bool:  # noqa: ARG002
        return True


class ByTheClock(Persist):
    """What is too old is written with the time of the day."""

    def _load(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        touched = super()._load(batch)
        for each in touched.values() if self.horizon.refused_to else ():
            each.head = replace(each.head, written_at=max(each.head.written_at, self.now_ms() * 1000))
        return touched


class ReceiptsForgotten(FoldReceipts):
    """Receipts that are refused for their age are passed over."""

    def _pass_horizon(self, refused: Mapping[CursorKey, Cursor], error: Exception) -> None:  # noqa: ARG002
        raise error

    def _store(self, batch: Sequence[ReceiptRecord]) -> Mapping[CursorKey, Moved]:
        try:
            return super()._store(batch)
        except RuntimeError:
            return {}
