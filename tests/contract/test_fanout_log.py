"""What every `FanoutLog` promises."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.fanout_log import KafkaFanoutLog
from natter.domain.delivery import Undelivered
from natter.domain.ids import ConversationId, new_id
from natter.names import FANOUT_TOPIC
from natter.ports.delivery import FanoutLog
from natter.records.base import SCHEMA_HEADER
from natter.records.delivery import FANOUT_SCHEMA, load_undelivered
from tests.contract.topic_reader import TopicReader, topic_reader
from tests.memory.deliveries import MemoryFanoutLog


class Readable(Protocol):
    """A log, and what is in it."""

    @property
    def log(self) -> FanoutLog: ...

    def added(self, conversation: ConversationId, count: int) -> Sequence[Undelivered]:
        """The first `count` of a conversation, as consumers read them."""


class ReadableMemory:
    def __init__(self) -> None:
        self.log = MemoryFanoutLog()

    def added(self, conversation: ConversationId, count: int) -> Sequence[Undelivered]:
        return [each for each in self.log.records if each.conversation_id == conversation][:count]


class ReadableKafka:
    def __init__(self, producer: RecordProducer, reader: TopicReader) -> None:
        self.log = KafkaFanoutLog(producer)
        self._reader = reader

    def added(self, conversation: ConversationId, count: int) -> Sequence[Undelivered]:
        return [
            load_undelivered(message.value() or b"", FANOUT_SCHEMA)
            for message in self._reader.read(conversation, count)
            if dict(message.headers() or []) == {SCHEMA_HEADER: FANOUT_SCHEMA}
        ]


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def readable(request: pytest.FixtureRequest) -> Iterator[Readable]:
    if request.param == "memory":
        yield ReadableMemory()
        return
    with topic_reader(request.getfixturevalue("kafka_endpoint"), FANOUT_TOPIC) as reader:
        yield ReadableKafka(request.getfixturevalue("producer"), reader)


class TestFanoutLogContract:
    def test_what_was_added_is_read_in_the_order_of_its_conversation(self, readable: Readable) -> None:
        lobby, kitchen = ConversationId(new_id()), ConversationId(new_id())
        added = [
            Undelivered(conversation_id=conversation, first=seq, last=seq + 1)
            for seq in range(1, 20, 2)
            for conversation in (lobby, kitchen)
        ]
        readable.log.add(added[:7])
        readable.log.add(added[7:])
        for conversation in (lobby, kitchen):
            assert readable.added(conversation, 10) == [each for each in added if each.conversation_id == conversation]

    def test_adding_nothing_is_fine(self, readable: Readable) -> None:
        readable.log.add([])
