"""What clients of Cassandra ask for, from the frames that the driver sends."""

import struct
from typing import Any

import pytest
from cassandra.protocol import BatchMessage, ExecuteMessage, PrepareMessage, ProtocolHandler, QueryMessage
from cassandra.query import BatchType

from local.doors import frames
from local.doors.frames import Frame
from local.doors.statements import MOST_PREPARED, Absent, Conversation, Prepared, Unknown

PLACE = "arn:aws:cassandra:eu-west-1:1:"
ID = b"id of a statement"


def sent(message: Any, stream: int = 0) -> Frame:
    """As the driver sends it."""
    encoded = ProtocolHandler.encode_message(message, stream, 4, None, True)
    version, flags, number, operation, length = struct.unpack("!BBhBi", encoded[:9])
    assert length == len(encoded) - 9
    return Frame(version, number, operation, encoded[9:], flags)


def query(text: str) -> Frame:
    return sent(QueryMessage(text, 1))


def result(kind: int, more: bytes, stream: int = 0, flags: int = 0) -> Frame:
    before = struct.pack("!H", 1) + frames.text("a warning") if flags & frames.WITH_WARNINGS else b""
    before = bytes(16) + before if flags & frames.TRACED else before
    return Frame(0x84, stream, frames.RESULT, before + struct.pack("!i", kind) + more, flags)


@pytest.fixture
def talk() -> Conversation:
    return Conversation(Prepared(), PLACE)


def asked(talk: Conversation, frame: Frame) -> list[tuple[str, str]]:
    return [(call.action.removeprefix("cassandra:"), call.resource.removeprefix(PLACE)) for call in talk.calls(frame)]


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "action", "resource"),
        [
            ("SELECT a FROM shop.orders WHERE id = ?", "Select", "/keyspace/shop/table/orders"),
            ("insert into shop.orders (a) values ('DELETE FROM b')", "Modify", "/keyspace/shop/table/orders"),
            ("UPDATE shop.orders SET a = 1 WHERE id = 2 IF EXISTS", "Modify", "/keyspace/shop/table/orders"),
            ('DELETE FROM "Shop"."Orders" WHERE id = 1', "Modify", "/keyspace/Shop/table/Orders"),
            ("CREATE TABLE IF NOT EXISTS shop.t (a int PRIMARY KEY)", "Create", "/keyspace/shop/table/t"),
            ("ALTER TABLE shop.t ADD b int", "Alter", "/keyspace/shop/table/t"),
            ("DROP TABLE IF EXISTS shop.t", "Drop", "/keyspace/shop/table/t"),
            ("CREATE KEYSPACE k WITH replication = {'class': 'x'}", "Create", "/keyspace/k/"),
            ("CREATE TYPE shop.address (street text)", "Create", "/keyspace/shop/"),
        ],
    )
    def test_each_needs_one_action_on_one_thing(
        self, talk: Conversation, text: str, action: str, resource: str
    ) -> None:
        assert asked(talk, query(text)) == [(action, resource)]

    def test_the_keyspace_is_the_one_that_cassandra_says_is_used(self, talk: Conversation) -> None:
        assert asked(talk, query("USE shop")) == []
        assert asked(talk, query("SELECT a FROM t")) == [("Select", "/keyspace//table/t")]
        talk.hear(result(3, frames.text("shop")))
        assert asked(talk, query("SELECT a FROM t")) == [("Select", "/keyspace/shop/table/t")]

    def test_what_is_not_known_is_an_action_that_nobody_is_granted(self, talk: Conversation) -> None:
        assert asked(talk, query("TRUNCATE shop.t"))[0][0] == "Truncate"

    def test_keyspaces_that_drivers_look_for_in_vain(self, talk: Conversation) -> None:
        with pytest.raises(Absent, match="system_virtual_schema does not exist"):
            talk.calls(query("SELECT * FROM system_virtual_schema.tables"))

    def test_batches_need_what_their_parts_need(self, talk: Conversation) -> None:
        text = "BEGIN UNLOGGED BATCH INSERT INTO s.a (x) VALUES (1); DELETE FROM s.b WHERE x = 1; APPLY BATCH"
        assert [resource for _, resource in asked(talk, query(text))] == ["/keyspace/s/table/a", "/keyspace/s/table/b"]


class TestPrepared:
    @pytest.mark.parametrize("flags", [0, frames.TRACED, frames.WITH_WARNINGS, frames.TRACED | frames.WITH_WARNINGS])
    def test_is_known_by_what_cassandra_calls_it(self, talk: Conversation, flags: int) -> None:
        wanted = [("Select", "/keyspace/shop/table/orders")]
        assert asked(talk, sent(PrepareMessage("SELECT a FROM shop.orders WHERE id = ?"), 7)) == wanted
        talk.hear(result(4, frames.short_bytes(ID), stream=7, flags=flags))
        assert asked(talk, sent(ExecuteMessage(ID, [b"1", None], 1))) == wanted
        statements = [
            (True, ID, [b"1", None, b""]),
            (False, "INSERT INTO shop.b (x) VALUES (?)", [b"2"]),
            (True, ID, []),
        ]
        batch = sent(BatchMessage(BatchType.UNLOGGED, statements, 1))
        assert asked(talk, batch) == [*wanted, ("Modify", "/keyspace/shop/table/b"), *wanted]

    def test_everybody_may_execute_it(self) -> None:
        prepared = Prepared()
        one, other = Conversation(prepared, PLACE), Conversation(prepared, PLACE)
        one.calls(sent(PrepareMessage("SELECT a FROM s.t"), 1))
        one.hear(result(4, frames.short_bytes(ID), stream=1))
        assert asked(other, sent(ExecuteMessage(ID, [], 1))) == [("Select", "/keyspace/s/table/t")]

    def test_what_failed_is_not_prepared(self, talk: Conversation) -> None:
        talk.calls(sent(PrepareMessage("SELECT a FROM s.t"), 1))
        talk.hear(Frame(0x84, 1, frames.ERROR, frames.error(0x2000, "no")))
        talk.hear(result(4, frames.short_bytes(ID), stream=1))
        with pytest.raises(Unknown) as unknown:
            talk.calls(sent(ExecuteMessage(ID, [], 1)))
        assert unknown.value.id == ID

    def test_what_was_not_used_for_longest_is_forgotten(self) -> None:
        prepared = Prepared()
        for number in range(MOST_PREPARED + 1):
            prepared.learn(str(number).encode(), ())
            prepared.calls(b"0")
        with pytest.raises(Unknown):
            prepared.calls(b"1")


class TestFrames:
    def test_what_ends_before_its_time_is_no_request(self, talk: Conversation) -> None:
        whole = query("SELECT a FROM s.t")
        for length in range(len("SELECT a FROM s.t") + 4):
            with pytest.raises(struct.error):
                talk.calls(Frame(whole.version, 0, whole.operation, whole.body[:length]))

    def test_what_nobody_asks_here_is_no_request(self, talk: Conversation) -> None:
        with pytest.raises(ValueError, match="a request of the kind 15"):
            talk.calls(Frame(4, 0, 0x0F, b""))
        with pytest.raises(ValueError, match="compressed"):
            talk.calls(Frame(4, 0, frames.QUERY, b"", frames.COMPRESSED))

    def test_a_payload_before_it_is_passed_over(self, talk: Conversation) -> None:
        message = QueryMessage("SELECT a FROM s.t", 1)
        message.update_custom_payload({"key": b"value"})
        assert asked(talk, sent(message)) == [("Select", "/keyspace/s/table/t")]
