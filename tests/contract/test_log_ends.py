"""What every `LogEnds` promises; and that who appends knows where."""

from collections import Counter
from typing import Protocol

import pytest
from confluent_kafka.admin import AdminClient

from infra.config import LOCAL
from local.cloud import Cloud
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.log_ends import KafkaLogEnds
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.adapters.kafka.partitioner import partition_of
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, new_id
from natter.names import COMMANDS_TOPIC
from natter.ports.messages import CommandLog, LogEnds
from natter.settings import KafkaSettings
from tests.contract.topic_reader import topic_reader
from tests.memory.backlogs import MemoryLogEnds
from tests.memory.logs import MemoryCommandLog
from tests.messages import a_command, a_post

PARTITIONS = LOCAL.partitions


class Scene(Protocol):
    @property
    def log(self) -> CommandLog: ...

    @property
    def ends(self) -> LogEnds: ...

    def partition_of(self, conversation: ConversationId) -> int: ...


class Memory:
    def __init__(self) -> None:
        self.log = log = MemoryCommandLog(lambda: 0, partitions=PARTITIONS)
        self.partition_of = log.partition_of
        self.ends: LogEnds = MemoryLogEnds(lambda partition: len(log.records(partition)))


class Kafka:
    def __init__(self, endpoint: str, producer: RecordProducer) -> None:
        self.log = KafkaCommandLog(producer)
        self.ends: LogEnds = KafkaLogEnds(KafkaSettings(brokers=endpoint, auth="none"), call_s=20, made_s=20)

    def partition_of(self, conversation: ConversationId) -> int:
        return partition_of(conversation, PARTITIONS)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def scene(request: pytest.FixtureRequest) -> Scene:
    if request.param == "memory":
        return Memory()
    return Kafka(request.getfixturevalue("kafka_endpoint"), request.getfixturevalue("producer"))


class TestLogEndsContract:
    def test_each_record_is_one_further_where_its_conversation_is(self, scene: Scene) -> None:
        everywhere = range(PARTITIONS)
        before = scene.ends.ends(everywhere)
        conversations = [ConversationId(new_id()) for _ in range(40)]
        for conversation in conversations:
            scene.log.append(a_command(a_post("m1"), conversation=conversation))
        after = scene.ends.ends(everywhere)
        found = Counter({each: after[each] - before[each] for each in everywhere})
        assert found >= Counter(map(scene.partition_of, conversations))

    def test_of_nothing_nothing_is_asked(self, scene: Scene) -> None:
        assert scene.ends.ends([]) == {}


@pytest.mark.engines
def test_the_partition_is_that_of_librdkafka(kafka_endpoint: str, producer: RecordProducer) -> None:
    """Of keys of every length, whatever is left over of four bytes."""
    log, keys = KafkaCommandLog(producer), [ConversationId(new_id() + "x" * extra) for extra in range(8)]
    for key in keys:
        log.append(a_command(a_post("m1"), conversation=key))
    with topic_reader(kafka_endpoint, COMMANDS_TOPIC) as reader:
        found = [reader.read(key, 1)[0].partition() for key in keys]
    assert [partition_of(key, PARTITIONS) for key in keys] == found


@pytest.mark.engines
def test_send_knows_how_many_partitions_there_are(cloud: Cloud, kafka_endpoint: str) -> None:
    topic = AdminClient({"bootstrap.servers": kafka_endpoint}).list_topics(COMMANDS_TOPIC, timeout=20)
    (send,) = [each for each in cloud.app.functions if each.name == "natter-local-send"]
    assert int(send.environment["NATTER_COMMANDS__PARTITIONS"]) == len(topic.topics[COMMANDS_TOPIC].partitions)


def test_an_outage_is_told() -> None:
    with pytest.raises(Unavailable):
        KafkaLogEnds(KafkaSettings(brokers="127.0.0.1:1", auth="none")).ends([0])
