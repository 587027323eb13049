"""What every `CommandLog` promises."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
from confluent_kafka import Message

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.domain.conversations.members import Member
from natter.domain.errors import TooLarge
from natter.domain.ids import ClientId, ConversationId
from natter.domain.messages.commands import AddMembers, Command, CreateConversation, Item, Record, RemoveMember
from natter.names import COMMANDS_TOPIC, EPOCH
from natter.ports.messages import CommandLog
from natter.records.base import SCHEMA_HEADER
from natter.records.messages import load_command
from tests.contract.topic_reader import TopicReader, topic_reader
from tests.memory.logs import MemoryCommandLog
from tests.messages import ANN, BOB, a_command, a_connection, a_delete, a_post

PARTITIONS = 4


class ReadableLog(Protocol):
    """A log, and what is in it."""

    @property
    def log(self) -> CommandLog: ...

    def records(self, conversation: ConversationId, count: int) -> list[Record]:
        """The first `count` records of a conversation; it has no fewer."""


class ReadableMemory:
    def __init__(self) -> None:
        self.log = MemoryCommandLog(lambda: time.time_ns() // 1_000_000, partitions=PARTITIONS)

    def records(self, conversation: ConversationId, count: int) -> list[Record]:
        everything = [record for partition in range(PARTITIONS) for record in self.log.records(partition)]
        found = [record for record in everything if record.command.conversation_id == conversation]
        assert len(found) >= count
        return found[:count]


class ReadableKafka:
    def __init__(self, producer: RecordProducer, reader: TopicReader) -> None:
        self.log = KafkaCommandLog(producer)
        self._reader = reader

    def records(self, conversation: ConversationId, count: int) -> list[Record]:
        return [_record(message) for message in self._reader.read(conversation, count)]


def _record(message: Message) -> Record:
    value, partition, offset = message.value(), message.partition(), message.offset()
    assert value is not None
    assert partition is not None
    assert offset is not None
    schema = dict(message.headers() or [])[SCHEMA_HEADER]
    assert isinstance(schema, bytes)
    command = load_command(value, schema)
    return Record(command=command, epoch=EPOCH, partition=partition, offset=offset, at=message.timestamp()[1])


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def readable(request: pytest.FixtureRequest) -> Iterator[ReadableLog]:
    if request.param == "memory":
        yield ReadableMemory()
        return
    with topic_reader(request.getfixturevalue("kafka_endpoint"), COMMANDS_TOPIC) as reader:
        yield ReadableKafka(request.getfixturevalue("producer"), reader)


MEMBERS = (Member(user_id=ANN, role="owner"), Member(user_id=BOB, role="member"))
ITEMS: list[Item] = [
    a_post("m1", "grüße 🦊 \u2028", reply_to=3, mentions=(BOB,)),
    a_delete("m2", 7),
    CreateConversation(client_id=ClientId("m3"), kind="group", members=MEMBERS, title="Lobby"),
    CreateConversation(client_id=ClientId("m4"), kind="direct", members=MEMBERS),
    AddMembers(client_id=ClientId("m5"), members=MEMBERS),
    RemoveMember(client_id=ClientId("m6"), user_id=BOB),
]


class TestCommandLogContract:
    @pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item.type}-{item.client_id}")
    def test_what_is_appended_is_what_is_read(
        self, readable: ReadableLog, conversation: ConversationId, item: Item
    ) -> None:
        asked = a_command(item, conversation=conversation, origin=a_connection(ANN))
        decided = a_command(item, conversation=conversation, decided=True)
        readable.log.append(asked)
        readable.log.append(decided)
        assert [record.command for record in readable.records(conversation, 2)] == [asked, decided]

    def test_it_returns_the_timestamp_of_the_record(self, readable: ReadableLog, conversation: ConversationId) -> None:
        before = time.time_ns() // 1_000_000
        at = readable.log.append(a_command(a_post("m1"), conversation=conversation))
        (record,) = readable.records(conversation, 1)
        assert record.at == at
        assert before <= at <= time.time_ns() // 1_000_000

    def test_appends_one_after_the_other_keep_their_order_in_one_partition(
        self, readable: ReadableLog, conversation: ConversationId
    ) -> None:
        """P4."""
        sent = [a_command(a_post(f"m{number}"), conversation=conversation) for number in range(30)]
        for command in sent:
            readable.log.append(command)
        records = readable.records(conversation, len(sent))
        assert [record.command for record in records] == sent
        assert len({record.partition for record in records}) == 1
        assert sorted({record.offset for record in records}) == [record.offset for record in records]

    def test_a_frame_is_one_record(self, readable: ReadableLog, conversation: ConversationId) -> None:
        items = [a_post(f"m{number}", "x" * 1000) for number in range(20)]
        readable.log.append(a_command(*items, conversation=conversation))
        readable.log.append(a_command(a_post("last"), conversation=conversation))
        assert [len(record.command.items) for record in readable.records(conversation, 2)] == [20, 1]

    def test_appends_of_many_threads_are_all_there(self, readable: ReadableLog, conversation: ConversationId) -> None:
        def append(number: int) -> int:
            return readable.log.append(a_command(a_post(f"m{number}"), conversation=conversation))

        with ThreadPoolExecutor(8) as threads:
            stamps = list(threads.map(append, range(40)))
        records = readable.records(conversation, 40)
        by_id = {record.command.items[0].client_id: record.at for record in records}
        assert [by_id[ClientId(f"m{number}")] for number in range(40)] == stamps

    def test_what_exceeds_a_record_is_not_added(self, readable: ReadableLog, conversation: ConversationId) -> None:
        with pytest.raises(TooLarge):
            readable.log.append(a_command(a_post("big", "x" * 2_000_000), conversation=conversation))
        small: Command = a_command(a_post("small"), conversation=conversation)
        readable.log.append(small)
        assert [record.command for record in readable.records(conversation, 1)] == [small]
