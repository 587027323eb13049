"""What has waited in the log, and what has waited for so long that the store refuses its timestamps."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.receipts import SPAN_MS, Cursor, CursorKey
from natter.domain.write_times import REACH_US
from natter.usecases.receipts.fold_receipts import FoldReceipts
from tests.memory.tables import MemoryTables
from tests.messages import NOON
from tests.support.receipts import Stage


class CountingTables(MemoryTables):
    written = 0

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self.written += len(cursors)
        super().write_cursors(cursors)


class TiringTables(MemoryTables):
    """Take two writes, and no more."""

    writes = 0

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self.writes += 1
        if self.writes > 2:
            raise Unavailable("the store")
        super().write_cursors(cursors)


class AgingTables(MemoryTables):
    """Take nothing that is older than `oldest` (µs)."""

    oldest = 0

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:  # noqa: ARG002
        return written_at >= self.oldest

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        if any(cursor.written_at < self.oldest for cursor in cursors.values()):
            raise LookupError("refused for its age")
        super().write_cursors(cursors)


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestLate:
    """What has waited for so long that the store refuses its timestamps."""

    def late(self, stage: Stage, days: float) -> FoldReceipts:
        tables = AgingTables()
        tables._partitions = stage.chat.tables._partitions
        now_ms = NOON + int(days * 24 * 3600 * 1000)
        tables.oldest = now_ms * 1000 - REACH_US
        return replace(stage.fold, timeline=tables, store=tables, now_ms=lambda: now_ms)

    @pytest.mark.parametrize("days", [1.9, 2.1, 6.9])
    def test_a_receipt_moves_the_cursor_all_the_same(self, stage: Stage, days: float) -> None:
        """P6, P9."""
        records = [stage.record(stage.bob, read=3), replace(stage.record(stage.bob, read=4), at=NOON + 24 * 3600_000)]
        self.late(stage, days)(records)
        assert stage.cursor(stage.bob).read_seq == 4

    def test_one_that_is_refused_for_a_moment_only_is_given_back(self, stage: Stage) -> None:
        with pytest.raises(Unavailable):
            self.late(stage, 2 + 1 / (24 * 3600))([stage.record(stage.bob, read=3)])
        assert stage.cursor(stage.bob) == Cursor()

    def test_receipts_of_a_member_that_lie_apart_are_not_written_together(self, stage: Stage) -> None:
        """An earlier one, which another may be writing again with a later timestamp, must not take it back."""
        tables = stage.chat.tables = CountingTables()
        fold = replace(stage.fold, store=tables)
        fold([stage.record(stage.bob, read=3), replace(stage.record(stage.bob, read=4), at=NOON + SPAN_MS)])
        assert tables.written == 2

    def test_others_are_told_of_first_and_of_who_has_waited_how_it_ends(self, stage: Stage) -> None:
        """Each piece of what one had said was told by itself, and everybody else behind it."""
        anns = stage.connect(stage.ann)
        late = [replace(stage.record(stage.bob, read=n), at=NOON + n * SPAN_MS) for n in (2, 3, 4)]
        stage.fold([*late, stage.record(stage.cid, read=5)])
        assert [(each["user_id"], each["read_seq"]) for each in stage.told(anns)] == [
            (stage.bob, 2),
            (stage.cid, 5),
            (stage.bob, 4),
        ]

    def test_what_is_stored_is_told_though_the_rest_is_given_back(self, stage: Stage) -> None:
        """When it comes again it moves nothing: nobody would be told, and numbers on icons would stay."""
        tables = TiringTables()
        tables._partitions = stage.chat.tables._partitions
        read: list[Mapping[UserId, object]] = []
        fold = replace(stage.fold, store=tables, has_read=read.append)
        anns = stage.connect(stage.ann)
        with pytest.raises(Unavailable):
            fold([replace(stage.record(stage.bob, read=n), at=NOON + n * SPAN_MS) for n in (2, 3, 4)])
        assert [each["read_seq"] for each in stage.told(anns)] == [2, 3]
        assert len(read) == 2
