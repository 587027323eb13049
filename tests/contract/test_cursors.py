"""What every `EventStore` and `Timeline` promise of cursors."""

import time
from typing import Protocol

import pytest

from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.fold.writes import EventRow, Row, SentRow
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.receipts import Cursor
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, an_event

NOW_US = time.time_ns() // 1000
"""Keyspaces takes write timestamps only from two days ago to five minutes ahead."""


class Tables(EventStore, Timeline, Protocol): ...


class Cassandra(CassandraEventStore, CassandraTimeline):
    """What writes the tables and what reads them, over one session."""


@pytest.fixture(params=["memory", pytest.param("cassandra", marks=pytest.mark.engines)])
def tables(request: pytest.FixtureRequest) -> Tables:
    return MemoryTables() if request.param == "memory" else Cassandra(request.getfixturevalue("cassandra"))


@pytest.fixture
def lobby() -> ConversationId:
    return ConversationId(new_id())


def read(seq: int, *, delivered: int = 0, later_us: int = 0) -> Cursor:
    return Cursor(read_seq=seq, read_messages=seq - 1, delivered_seq=delivered, written_at=NOW_US + later_us)


class TestCursors:
    def test_are_read_as_they_were_written(self, tables: Tables, lobby: ConversationId) -> None:
        written = {(lobby, ANN): read(4, delivered=7), (lobby, BOB): read(2**53 - 1)}
        tables.write_cursors(written)
        assert tables.cursors([*written, (lobby, UserId("nobody"))]) == written

    def test_none_is_asked_for(self, tables: Tables) -> None:
        tables.write_cursors({})
        assert tables.cursors([]) == {}

    def test_what_was_sent_stays_and_is_read_with_it(self, tables: Tables, lobby: ConversationId) -> None:
        """Two writers of one row, each with columns and timestamps of its own."""
        sent: list[Row] = [SentRow(conversation_id=lobby, user_id=ANN, seq=9, messages=8, written_at=NOW_US + 100)]
        both = Cursor(read_seq=4, read_messages=3, written_at=NOW_US, sent_seq=9, sent_messages=8)
        tables.write(sent)
        tables.write_cursors({(lobby, ANN): read(4)})
        assert tables.cursors([(lobby, ANN)]) == {(lobby, ANN): both}
        tables.write(sent)
        assert tables.cursors([(lobby, ANN)]) == {(lobby, ANN): both}

    def test_an_older_writer_does_not_overwrite(self, tables: Tables, lobby: ConversationId) -> None:
        newer = read(5, delivered=6, later_us=10)
        tables.write_cursors({(lobby, ANN): newer})
        tables.write_cursors({(lobby, ANN): read(3)})
        tables.write_cursors({(lobby, ANN): newer})
        assert tables.cursors([(lobby, ANN)]) == {(lobby, ANN): newer}

    def test_hundreds_at_once(self, tables: Tables, lobby: ConversationId) -> None:
        written = {(lobby, UserId(f"user{number}")): read(number + 1) for number in range(300)}
        tables.write_cursors(written)
        assert tables.cursors(written.keys()) == written


class TestPlaces:
    def test_messages_are_counted_up_to_a_place(self, tables: Tables, lobby: ConversationId) -> None:
        """1000 is where a partition of the table ends."""
        rows: list[Row] = [
            EventRow(event=an_event(seq, conversation=lobby, messages=seq - 1), written_at=NOW_US)
            for seq in (1, 1000, 1001)
        ]
        tables.write(rows)
        places = [(lobby, seq) for seq in (1, 2, 1000, 1001)]
        assert tables.messages_at(places) == {(lobby, 1): 0, (lobby, 1000): 999, (lobby, 1001): 1000}
        assert tables.messages_at([]) == {}
