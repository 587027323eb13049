"""
`ConnectionHistory` on `chat.connections`: a consumer without a group reads it back from a time on.

Nothing is committed and no group is joined: offsets are looked up by time, and assigned.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import batched

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from natter.adapters.kafka.client import client_config
from natter.domain.connections import ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.names import CONNECTIONS_TOPIC, REBUILD_GROUP
from natter.ports.presence import ConnectionHistory
from natter.records.base import SCHEMA_HEADER, BadRecordError
from natter.records.presence import load_connection
from natter.settings import KafkaSettings

TOGETHER = 8
"""Partitions that are read at once: the brokers answer side by side, and no more than theirs is held in memory."""
RECORDS = 10_000
"""Of one call, at most."""
CALL_S = 5.0
"""How long one call may take; a reading that gets nothing for so long is given up."""
POLL_S = 0.1


class KafkaConnectionHistory:
    """
    Args:
        now: seconds of a monotonic clock.
    """

    def __init__(self, settings: KafkaSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now

    def since(self, at: int, covers: Callable[[UserId], bool]) -> "KafkaPastConnections":
        return KafkaPastConnections(self._settings, at, covers, self._now)


class KafkaPastConnections:
    def __init__(
        self, settings: KafkaSettings, at: int, covers: Callable[[UserId], bool], now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._at = at
        self._covers = covers
        self._now = now
        self._read_to: dict[int, int] = {}
        """The offset behind what was read, by partition."""

    def parts(self) -> Iterator[Sequence[ConnectionChange]]:
        with self._consumer() as consumer:
            partitions = consumer.list_topics(CONNECTIONS_TOPIC, timeout=CALL_S).topics[CONNECTIONS_TOPIC].partitions
            for together in batched(sorted(partitions), TOGETHER, strict=False):
                began = consumer.offsets_for_times(
                    [TopicPartition(CONNECTIONS_TOPIC, each, self._at) for each in together], timeout=CALL_S
                )
                ends = {each: self._end(consumer, each) for each in together}
                starts = {each.partition: each.offset if each.offset >= 0 else ends[each.partition] for each in began}
                yield from self._read(consumer, starts, ends)

    def rest(self) -> Iterator[Sequence[ConnectionChange]]:
        starts = dict(self._read_to)
        with self._consumer() as consumer:
            ends = {each: self._end(consumer, each) for each in starts}
            for together in batched(sorted(starts), TOGETHER, strict=False):
                yield from self._read(
                    consumer, {each: starts[each] for each in together}, {each: ends[each] for each in together}
                )

    def _read(
        self, consumer: Consumer, starts: dict[int, int], ends: dict[int, int]
    ) -> Iterator[Sequence[ConnectionChange]]:
        """The partitions between `starts` and `ends`, each as a whole when it has come as a whole."""
        self._read_to |= ends
        changes: dict[int, list[ConnectionChange]] = {each: [] for each in starts if starts[each] < ends[each]}
        consumer.assign([TopicPartition(CONNECTIONS_TOPIC, each, starts[each]) for each in changes])
        last = self._now()
        while changes:
            for message in consumer.consume(RECORDS, POLL_S):
                last = self._now()
                partition, offset = message.partition(), message.offset()
                if message.error() is not None:
                    raise KafkaException(message.error())
                if partition in changes and offset is not None and offset < ends[partition]:
                    changes[partition] += self._changes(message)
            for partition in [each for each in changes if self._position(consumer, each) >= ends[each]]:
                consumer.incremental_unassign([TopicPartition(CONNECTIONS_TOPIC, partition)])
                yield changes.pop(partition)
                last = self._now()  # whoever took it has spent the time
            if changes and self._now() - last > CALL_S:
                raise Unavailable("the log")

    def _changes(self, message: Message) -> list[ConnectionChange]:
        """Whose it is, its key says: nobody else's is parsed. What is no record of ours, `presence` sets aside."""
        if not self._covers(UserId((message.key() or b"").decode(errors="replace"))):
            return []
        try:
            return [load_connection(message.value() or b"", _schema(message))]
        except BadRecordError:
            return []

    @staticmethod
    def _position(consumer: Consumer, partition: int) -> int:
        (position,) = consumer.position([TopicPartition(CONNECTIONS_TOPIC, partition)])
        return int(position.offset)

    @staticmethod
    def _end(consumer: Consumer, partition: int) -> int:
        """Everything that was confirmed to its producer lies before it."""
        _, end = consumer.get_watermark_offsets(TopicPartition(CONNECTIONS_TOPIC, partition), timeout=CALL_S)
        return int(end)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                **client_config(self._settings),
                "group.id": REBUILD_GROUP,  # the library wants one
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": 65_536,
            }
        )
        try:
            yield consumer
        except KafkaException as error:
            raise Unavailable("the log") from error
        finally:
            consumer.close()


def _schema(message: Message) -> bytes | None:
    schema = dict(message.headers() or []).get(SCHEMA_HEADER)
    return schema if isinstance(schema, bytes) else None


_: type[ConnectionHistory] = KafkaConnectionHistory
