"""What every `ReceiptLog` promises."""

import time
from collections.abc import Iterator
from typing import Protocol

import pytest

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaReceiptLog
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, new_id
from natter.domain.receipts import Receipt
from natter.names import RECEIPTS_TOPIC
from natter.ports.receipts import ReceiptLog
from natter.records.base import SCHEMA_HEADER
from natter.records.receipts import load_receipt
from tests.contract.topic_reader import TopicReader, topic_reader
from tests.memory.logs import MemoryReceiptLog
from tests.messages import ANN, BOB


class Readable(Protocol):
    """A log, and what is in it."""

    @property
    def log(self) -> ReceiptLog: ...

    def receipts(self, conversation: ConversationId, count: int) -> list[Receipt]:
        """The first `count` of a conversation, as consumers read them; there are no fewer."""


class ReadableMemory:
    def __init__(self) -> None:
        self.log = MemoryReceiptLog(lambda: time.time_ns() // 1_000_000)

    def receipts(self, conversation: ConversationId, count: int) -> list[Receipt]:
        found = [each.receipt for each in self.log.records if each.receipt.conversation_id == conversation]
        assert len(found) >= count
        return found[:count]


class ReadableKafka:
    def __init__(self, producer: RecordProducer, reader: TopicReader) -> None:
        self.log = KafkaReceiptLog(producer)
        self._reader = reader

    def receipts(self, conversation: ConversationId, count: int) -> list[Receipt]:
        found = []
        for message in self._reader.read(conversation, count):
            schema = dict(message.headers() or [])[SCHEMA_HEADER]
            assert isinstance(schema, bytes)
            found.append(load_receipt(message.value() or b"", schema))
        return found


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def readable(request: pytest.FixtureRequest) -> Iterator[Readable]:
    if request.param == "memory":
        yield ReadableMemory()
        return
    with topic_reader(request.getfixturevalue("kafka_endpoint"), RECEIPTS_TOPIC) as reader:
        yield ReadableKafka(request.getfixturevalue("producer"), reader)


class TestReceiptLogContract:
    def test_what_is_appended_is_what_is_read_in_its_order(self, readable: Readable) -> None:
        """No member, so that its consumer tells nobody; the place exists nowhere, so that nothing moves."""
        conversation = ConversationId(new_id())
        said = [
            Receipt(conversation_id=conversation, user_id=ANN, read_seq=2**53 - 1, connection_id=ConnectionId("L0SM=")),
            Receipt(conversation_id=conversation, user_id=BOB, delivered_seq=7),
            Receipt(conversation_id=conversation, user_id=ANN, read_seq=1, device_id=DeviceId("phone")),
        ]
        for receipt in said:
            readable.log.append(receipt)
        assert readable.receipts(conversation, len(said)) == said
