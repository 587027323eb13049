from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.receipts.handler import build
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId
from natter.domain.receipts import Cursor, CursorKey, Receipt
from natter.names import RECEIPTS_TOPIC
from natter.records.messages import COMMAND_SCHEMA
from natter.records.receipts import RECEIPT_SCHEMA, dump_receipt
from tests.chat import Chat
from tests.memory.logs import MemoryDeadLetters
from tests.memory.tables import MemoryTables
from tests.messages import NOON, a_post
from tests.streams import Context, a_batch, a_raw_record


class DownTables(MemoryTables):
    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        raise Unavailable(f"the store, given {len(cursors)}")


class DownDeadLetters(MemoryDeadLetters):
    def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:
        raise Unavailable(f"{topic}, of {place} given {len(key) + len(value)} bytes for {error}")


class Consumer:
    """Of a group of Ann's with Bob, whose head is at 4."""

    def __init__(self) -> None:
        self.chat, self.dead = Chat(), MemoryDeadLetters()
        ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.lobby = self.chat.group(ann, self.bob)
        self.chat.say(self.lobby, ann, *(a_post(f"m{number}") for number in range(3)))
        self.fold = self.chat.fold_receipts

    def __call__(self, *records: dict[str, Any]) -> Any:
        return build(self.fold, self.dead)(a_batch(*records), Context())["batchItemFailures"]

    @property
    def cursor(self) -> Cursor:
        key = self.lobby, self.bob
        return self.chat.tables.cursors([key]).get(key, Cursor())

    def reading(
        self, seq: int, *, offset: int = 0, at: int = NOON, in_: ConversationId | None = None
    ) -> dict[str, Any]:
        receipt = Receipt(conversation_id=in_ or self.lobby, user_id=self.bob, read_seq=seq)
        return raw(dump_receipt(receipt), offset=offset, at=at)


def raw(value: bytes, *, schema: bytes | None = RECEIPT_SCHEMA, **fields: Any) -> dict[str, Any]:
    return a_raw_record(value, schema=schema, topic=RECEIPTS_TOPIC, **fields)


def failures(*offsets: int) -> list[dict[str, Any]]:
    return [{"itemIdentifier": {"partition": f"{RECEIPTS_TOPIC}-0", "offset": offset}} for offset in offsets]


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


class TestReceipts:
    def test_cursors_move_to_the_furthest_place_of_a_batch(self, consumer: Consumer) -> None:
        assert consumer(consumer.reading(4, at=1234), consumer.reading(2, offset=1)) == []
        assert consumer.cursor == Cursor(read_seq=4, read_messages=3, written_at=1_234_000)

    def test_an_outage_of_the_store_gives_the_batch_back(self, consumer: Consumer) -> None:
        consumer.fold = replace(consumer.fold, store=DownTables())
        assert consumer(consumer.reading(2, offset=7), consumer.reading(3, offset=8)) == failures(7, 8)


class TestDeadLetters:
    @pytest.mark.parametrize(
        ("value", "schema", "why"),
        [
            (b"{", RECEIPT_SCHEMA, "1 errors in a record of receipt/1"),
            (b"{}", RECEIPT_SCHEMA, "2 errors in a record of receipt/1"),
            (b"{}", COMMAND_SCHEMA, "schema b'command/2'"),
            (b"{}", None, "schema None"),
        ],
    )
    def test_what_is_no_receipt_is_set_aside_and_the_lane_moves_on(
        self, consumer: Consumer, value: bytes, schema: bytes | None, why: str
    ) -> None:
        assert consumer(raw(value, schema=schema), consumer.reading(2, offset=1)) == []
        assert consumer.cursor.read_seq == 2
        (letter,) = consumer.dead.letters
        assert (letter.topic, letter.value) == (RECEIPTS_TOPIC, value)
        assert why in letter.error

    def test_a_lane_of_nothing_else_is_done(self, consumer: Consumer) -> None:
        assert consumer(raw(b"x"), raw(b"y", offset=1)) == []
        assert [letter.value for letter in consumer.dead.letters] == [b"x", b"y"]

    def test_what_could_not_be_kept_is_given_back_with_its_lane(self, consumer: Consumer) -> None:
        consumer.dead = DownDeadLetters()
        assert consumer(consumer.reading(2), raw(b"x", offset=1)) == failures(0, 1)
        assert consumer.cursor == Cursor()
