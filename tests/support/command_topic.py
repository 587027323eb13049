"""A topic of commands of its own on the real log: what lies in it is decided by nobody but the test."""

from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.kafka.command_history import KafkaCommandHistory
from natter.adapters.kafka.logs import KafkaDeadLetters
from natter.domain.ids import new_id
from natter.domain.messages.commands import Command
from natter.ports.ledger import CommandHistory
from natter.records.messages import COMMAND_SCHEMA, dump_command
from natter.settings import KafkaSettings

WITHIN_S = 60.0


class CommandTopic:
    """`commands` in the one partition that it has, one record each."""

    def __init__(self, brokers: str, commands: Iterable[Command]) -> None:
        self.topic, self._decider = f"ledger-{new_id()}", f"decider-{new_id()}"
        self._brokers, settings = brokers, KafkaSettings(brokers=brokers, auth="none", append_timeout_s=10)
        self._admin = AdminClient({"bootstrap.servers": brokers})
        self._admin.create_topics([NewTopic(self.topic, num_partitions=1)])[self.topic].result(WITHIN_S)
        self._producer = RecordProducer(settings)
        for each in commands:
            value = dump_command(each)
            self._producer.append(
                [NewRecord(topic=self.topic, key=each.conversation_id, value=value, schema=COMMAND_SCHEMA)]
            )
        self.history: CommandHistory = KafkaCommandHistory(
            settings, topic=self.topic, own=f"own-{new_id()}", decider=self._decider
        )

    def decide(self, end: int) -> None:
        """Commit what lies before `end`, whatever became of it."""
        consumer = Consumer({"bootstrap.servers": self._brokers, "group.id": self._decider})
        consumer.commit(offsets=[TopicPartition(self.topic, 0, end)], asynchronous=False)
        consumer.close()

    def set_aside(self, offset: int) -> None:
        KafkaDeadLetters(self._producer).add(self.topic, (0, offset), self.topic.encode(), b"", "a test")

    def drop(self, first: int) -> None:
        """As retention does."""
        place = TopicPartition(self.topic, 0, first)
        self._admin.delete_records([place])[place].result(WITHIN_S)

    def remove(self) -> None:
        self._admin.delete_topics([self.topic])[self.topic].result(WITHIN_S)
