"""What every `EventLog` promises."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaEventLog
from natter.domain.ids import ConversationId
from natter.domain.messages.events import Emission
from natter.names import EVENTS_TOPIC
from natter.ports.messages import EventLog
from natter.records.base import SCHEMA_HEADER
from natter.records.messages import EVENTS_SCHEMA, dump_emission
from tests.contract.topic_reader import TopicReader, topic_reader
from tests.memory.logs import MemoryEventLog
from tests.messages import an_event


class ReadableEvents(Protocol):
    """A log of events, and what is in it."""

    @property
    def log(self) -> EventLog: ...

    def emitted(self, conversation: ConversationId, count: int) -> list[Any]:
        """The first `count` emissions of a conversation, as consumers read them; there are no fewer."""


class ReadableMemory:
    def __init__(self) -> None:
        self.log = MemoryEventLog()

    def emitted(self, conversation: ConversationId, count: int) -> list[Any]:
        found = [each for each in self.log.emissions if each.conversation_id == conversation]
        assert len(found) >= count
        return [json.loads(dump_emission(emission)) for emission in found[:count]]


class ReadableKafka:
    def __init__(self, producer: RecordProducer, reader: TopicReader) -> None:
        self.log = KafkaEventLog(producer)
        self._reader = reader

    def emitted(self, conversation: ConversationId, count: int) -> list[Any]:
        messages = self._reader.read(conversation, count)
        assert dict(messages[0].headers() or []) == {SCHEMA_HEADER: EVENTS_SCHEMA}
        return [json.loads(message.value() or b"") for message in messages]


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def readable(request: pytest.FixtureRequest) -> Iterator[ReadableEvents]:
    if request.param == "memory":
        yield ReadableMemory()
        return
    with topic_reader(request.getfixturevalue("kafka_endpoint"), EVENTS_TOPIC) as reader:
        yield ReadableKafka(request.getfixturevalue("producer"), reader)


def an_emission(conversation: ConversationId, seqs: Sequence[int]) -> Emission:
    events = tuple(an_event(seq, conversation=conversation) for seq in seqs)
    return Emission(conversation_id=conversation, events=events, members_seq=1)


class TestEventLogContract:
    def test_an_emission_is_read_as_it_was_emitted(
        self, readable: ReadableEvents, conversation: ConversationId
    ) -> None:
        readable.log.emit([an_emission(conversation, [2, 3])])
        (emitted,) = readable.emitted(conversation, 1)
        assert (emitted["conversation_id"], emitted["members_seq"]) == (conversation, 1)
        assert [event["seq"] for event in emitted["events"]] == [2, 3]
        assert emitted["events"][0]["payload"] == {"content": {"type": "text", "text": "message 2"}}

    def test_emissions_of_one_conversation_keep_their_order(
        self, readable: ReadableEvents, conversation: ConversationId
    ) -> None:
        readable.log.emit([an_emission(conversation, [seq]) for seq in range(1, 31)])
        readable.log.emit([an_emission(conversation, [31])])
        emitted = readable.emitted(conversation, 31)
        assert [event["seq"] for each in emitted for event in each["events"]] == list(range(1, 32))

    def test_emitting_again_is_read_again(self, readable: ReadableEvents, conversation: ConversationId) -> None:
        """At least once: a replay emits what it emitted before."""
        emission = an_emission(conversation, [1])
        readable.log.emit([emission])
        readable.log.emit([emission])
        first, second = readable.emitted(conversation, 2)
        assert first == second

    def test_nothing_to_emit_is_fine(self, readable: ReadableEvents, conversation: ConversationId) -> None:
        readable.log.emit([])
        readable.log.emit([an_emission(conversation, [1])])
        assert len(readable.emitted(conversation, 1)) == 1
