from collections.abc import Sequence

import pytest

from natter.domain.errors import Unavailable
from natter.domain.fold.writes import EventRow, Row
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.usecases.messages.leftovers import load_readable, void_in_parts
from tests.memory.tables import MemoryTables
from tests.messages import LOBBY, a_command, a_head, a_log, a_post, an_event


class Tables(MemoryTables):
    """Removes nothing at some places, and fails where it has to be asked once more."""

    def __init__(self, *, refused: Sequence[int] = (), away: Sequence[int] = ()) -> None:
        super().__init__()
        self.refused, self.away = refused, away
        self.undone: list[int] = []

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        seqs = [row.event.seq for row in rows if isinstance(row, EventRow)]
        if not set(seqs).isdisjoint(self.away):
            raise Unavailable("the store")
        if not set(seqs).isdisjoint(self.refused):
            raise TypeError
        super().undo(rows, head)
        self.undone += seqs


ROWS = [EventRow(event=an_event(seq), written_at=seq) for seq in range(2, 12)]
RECORDS = a_log(a_command(a_post(f"m{offset}")) for offset in range(9))


class TestReadable:
    @pytest.mark.parametrize("bad", [*range(len(RECORDS)), len(RECORDS)])
    def test_are_those_before_the_first_that_is_not(self, bad: int) -> None:
        def load(records: Sequence[Record]) -> int:
            if any(record.offset >= bad for record in records):
                raise TypeError
            return len(records)

        assert load_readable(RECORDS, load) == (RECORDS[:bad], bad or None)

    def test_an_outage_tells_nothing(self) -> None:
        def load(_: Sequence[Record]) -> None:
            raise Unavailable("the store")

        with pytest.raises(Unavailable):
            load_readable(RECORDS, load)


class TestVoidInParts:
    @pytest.mark.parametrize("refused", [(), (2,), (11,), (5, 6)])
    def test_all_is_undone_but_what_was_never_taken(self, refused: Sequence[int]) -> None:
        tables = Tables(refused=refused)
        void_in_parts(tables, ROWS, a_head(1))
        assert tables.undone == [seq for seq in range(2, 12) if seq not in refused]
        assert tables.heads([LOBBY])[LOBBY] == a_head(1)

    def test_an_outage_tells_nothing(self) -> None:
        with pytest.raises(Unavailable):
            void_in_parts(Tables(refused=(2,), away=(11,)), ROWS, a_head(1))
