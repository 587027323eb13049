"""What Amazon Keyspaces would bill: a unit for each kilobyte of a row that is written, for each four that are read."""

import struct
from typing import Any

import pytest
from cassandra.protocol import BatchMessage, ExecuteMessage
from cassandra.query import BatchType

from local.doors import frames
from local.doors.frames import Frame
from local.doors.statements import Conversation, Prepared
from local.doors.tally import ROW_BYTES, Passed, Statements, Tally
from tests.unit.local.doors.test_statements import ID, PLACE, query, sent

READ = Passed("cassandra", "role", "cassandra:Select shop.orders")
WRITTEN = Passed("cassandra", "role", "cassandra:Modify shop.orders")
INSERT = "INSERT INTO shop.orders (id, a) VALUES (?, ?)"
SELECT = "SELECT a FROM shop.orders WHERE id = ?"


class Connection:
    """One client's, behind the door."""

    def __init__(self, prepared: str = "") -> None:
        known = Prepared()
        self.talk = Conversation(known, PLACE)
        self.tally = Tally()
        self.counted = Statements(self.tally, "cassandra", "role")
        if prepared:
            known.learn(ID, self.talk.calls(query(prepared)))

    def ask(self, frame: Frame) -> None:
        self.counted.asked(frame, self.talk.calls(frame))

    def answer(self, size: int, stream: int = 0, operation: int = frames.RESULT) -> None:
        self.counted.answered(Frame(0x84, stream, operation, bytes(size)))


def executed(*values: bytes, stream: int = 0) -> Frame:
    return sent(ExecuteMessage(ID, list(values), 6), stream)


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1024 - ROW_BYTES, 1), (1025 - ROW_BYTES, 2), (5000, 5)])
def test_a_row_is_written_by_the_kilobyte(size: int, units: int) -> None:
    connection = Connection(INSERT)
    connection.ask(executed(b"", bytes(size)))
    assert connection.tally.units == {WRITTEN: units}
    assert connection.tally.size == {WRITTEN: size + ROW_BYTES}


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4096, 1), (4097, 2), (40_000, 10)])
def test_what_is_read_counts_with_its_answer(size: int, units: int) -> None:
    connection = Connection(SELECT)
    connection.ask(executed(b"a", stream=3))
    connection.answer(10, stream=4)
    assert connection.tally.times == {}
    connection.answer(size, stream=3)
    assert (connection.tally.times, connection.tally.units) == ({READ: 1}, {READ: units})


def test_each_row_of_a_batch_counts_alone() -> None:
    connection = Connection(INSERT)
    message: Any = BatchMessage(BatchType.UNLOGGED, [(True, ID, [b"a", bytes(2000)]), (True, ID, [b"b", b"c"])], 6)
    connection.ask(sent(message))
    assert (connection.tally.times, connection.tally.units) == ({WRITTEN: 2}, {WRITTEN: 3 + 1})


def test_what_fails_or_is_only_prepared_is_not_counted() -> None:
    connection = Connection(SELECT)
    connection.ask(executed(b"a"))
    connection.answer(10, operation=frames.ERROR)
    connection.ask(Frame(4, 0, frames.PREPARE, struct.pack("!i", len(INSERT)) + INSERT.encode()))
    assert connection.tally.times == {}


def test_values_by_name_are_values() -> None:
    connection = Connection(INSERT)
    body = frames.short_bytes(ID) + struct.pack("!HBH", 6, 0x41, 1) + frames.text("a") + frames.long_bytes(bytes(2000))
    connection.ask(Frame(4, 0, frames.EXECUTE, body))
    assert connection.tally.units == {WRITTEN: 3}
