"""
`ConnectionHistory` on `chat.connections`: a consumer without a group reads it back from a time on.

Nothing is committed: offsets are looked up by time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import batched

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from natter.adapters.kafka.reading import CALL_S, POLL_S, bounds, header, partitions, position, reader
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
QUEUED_KB = 65_536


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
        with self._reader() as consumer:
            for together in batched(partitions(consumer, CONNECTIONS_TOPIC), TOGETHER, strict=False):
                began = consumer.offsets_for_times(
                    [TopicPartition(CONNECTIONS_TOPIC, each, self._at) for each in together], timeout=CALL_S
                )
                ends = {each: bounds(consumer, CONNECTIONS_TOPIC, each)[1] for each in together}
                starts = {each.partition: each.offset if each.offset >= 0 else ends[each.partition] for each in began}
                yield from self._read(consumer, starts, ends)

    def rest(self) -> Iterator[Sequence[ConnectionChange]]:
        starts = dict(self._read_to)
        with self._reader() as consumer:
            ends = {each: bounds(consumer, CONNECTIONS_TOPIC, each)[1] for each in starts}
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
            for partition in [each for each in changes if position(consumer, CONNECTIONS_TOPIC, each) >= ends[each]]:
                consumer.incremental_unassign([TopicPartition(CONNECTIONS_TOPIC, partition)])
                yield changes.pop(partition)
                last = self._now()  # whoever took it has spent the time
            if changes and self._now() - last > CALL_S:
                raise Unavailable("the log")

    def _reader(self) -> AbstractContextManager[Consumer]:
        return reader(self._settings, group=REBUILD_GROUP, queued_kb=QUEUED_KB)

    def _changes(self, message: Message) -> list[ConnectionChange]:
        """Whose it is, its key says: nobody else's is parsed. What is no record of ours, `presence` sets aside."""
        if not self._covers(UserId((message.key() or b"").decode(errors="replace"))):
            return []
        try:
            return [load_connection(message.value() or b"", header(message, SCHEMA_HEADER))]
        except BadRecordError:
            return []


_: type[ConnectionHistory] = KafkaConnectionHistory
