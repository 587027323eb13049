"""Reads back what a test has appended to a topic."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

WITHIN_S = 30.0
POLL_S = 0.5


class TopicReader:
    """Reads a topic from its beginning, without a group: nobody else's position moves."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    def read(self, key: str, count: int) -> list[Message]:
        """
        The first `count` records with this key, in the order of their partition.

        Raises:
            TimeoutError: there are fewer.
        """
        partitions = self._consumer.list_topics(self._topic, timeout=WITHIN_S).topics[self._topic].partitions
        self._consumer.assign([TopicPartition(self._topic, each, OFFSET_BEGINNING) for each in partitions])
        found: list[Message] = []
        deadline = time.monotonic() + WITHIN_S
        while len(found) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(found)} of {count} records in {self._topic}")
            message = self._consumer.poll(POLL_S)
            if message is not None and message.error() is None and message.key() == key.encode():
                found.append(message)
        return found


@contextmanager
def topic_reader(brokers: str, topic: str) -> Iterator[TopicReader]:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "contract", "enable.auto.commit": False})
    try:
        yield TopicReader(consumer, topic)
    finally:
        consumer.close()
