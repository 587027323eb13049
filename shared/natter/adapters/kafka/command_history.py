"""
`CommandHistory` on `chat.commands` and `chat.dead`.

How far `persist` is, its consumer group says; how far the ledger is, a group of its own: nobody joins either here.
"""

import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from natter.adapters.kafka.client import SOURCE_HEADER
from natter.adapters.kafka.reading import CALL_S, POLL_S, bounds, header, partitions, position, reader
from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Command
from natter.names import COMMANDS_TOPIC, DEAD_TOPIC, LEDGER_GROUP, PERSIST_GROUP
from natter.ports.ledger import CommandHistory, Logged, Stretch
from natter.records.base import SCHEMA_HEADER, BadRecordError
from natter.records.messages import load_command
from natter.settings import KafkaSettings

RECORDS = 200
"""Of one reading: what is asked of the store at once about them."""
QUEUED_KB = 16_384
EARLIER_MS = 5 * 60 * 1000
"""Brokers have clocks of their own: what was set aside may bear a time before that of the record itself."""


class KafkaCommandHistory:
    """
    Args:
        own: the group whose places are the ledger's.
        decider: the group of who decides.
        now: seconds of a monotonic clock.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        topic: str = COMMANDS_TOPIC,
        own: str = LEDGER_GROUP,
        decider: str = PERSIST_GROUP,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._topic, self._own, self._decider = settings, topic, own, decider
        self._now = now

    def stretches(self) -> Mapping[int, Stretch]:
        with self._reader(self._decider) as consumer:
            known = partitions(consumer, self._topic)
            decided = self._committed(consumer, known)
        with self._reader(self._own) as consumer:
            looked_at = self._committed(consumer, known)
            return {
                each: self._stretch(consumer, each, looked_at.get(each), decided[each])
                for each in known
                if each in decided
            }

    def read(self, stretches: Mapping[int, Stretch]) -> Generator[Sequence[Logged]]:
        places = {each: (stretch.first, stretch.end) for each, stretch in stretches.items()}
        with closing(self._messages(self._topic, places)) as chunks:
            for chunk in chunks:
                yield [_logged(message) for message in chunk]

    def looked_at(self, ends: Mapping[int, int]) -> None:
        if ends:
            with self._reader(self._own) as consumer:
                places = [TopicPartition(self._topic, each, end) for each, end in ends.items()]
                for place in consumer.commit(offsets=places, asynchronous=False) or ():
                    if place.error is not None:
                        raise KafkaException(place.error)

    def set_aside(self, since: int) -> Collection[tuple[int, int]]:
        with self._reader(self._own) as consumer:
            asked = [TopicPartition(DEAD_TOPIC, each, since - EARLIER_MS) for each in partitions(consumer, DEAD_TOPIC)]
            began = {each.partition: each.offset for each in consumer.offsets_for_times(asked, timeout=CALL_S)}
            ends = {each: bounds(consumer, DEAD_TOPIC, each)[1] for each in began}
        places = {each: (first, ends[each]) for each, first in began.items() if 0 <= first < ends[each]}
        with closing(self._messages(DEAD_TOPIC, places)) as chunks:
            sources = [header(message, SOURCE_HEADER) for chunk in chunks for message in chunk]
        return {
            (int(partition), int(offset))
            for topic, partition, offset in (each.decode().split("/") for each in sources if each)
            if topic == self._topic
        }

    def _stretch(self, consumer: Consumer, partition: int, looked_at: int | None, decided: int) -> Stretch:
        """What is looked at, is; only where there is more, the brokers are asked from where on they have it."""
        if looked_at == decided:
            return Stretch(first=decided, end=decided)
        first, _ = bounds(consumer, self._topic, partition)
        if looked_at is None:
            return Stretch(first=first, end=decided, is_resumed=False)
        there = min(first, decided)  # what lies between is missed once it is decided
        return Stretch(first=max(there, looked_at), end=decided, missed=max(0, there - looked_at))

    def _committed(self, consumer: Consumer, partitions: Sequence[int]) -> dict[int, int]:
        found = consumer.committed([TopicPartition(self._topic, each) for each in partitions], timeout=CALL_S)
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def _reader(self, group: str) -> AbstractContextManager[Consumer]:
        return reader(self._settings, group=group, queued_kb=QUEUED_KB)

    def _messages(self, topic: str, places: Mapping[int, tuple[int, int]]) -> Generator[Sequence[Message]]:
        """What lies at `places`, from each first one to before its end."""
        left = {each: end for each, (first, end) in places.items() if first < end}
        if not left:
            return
        with self._reader(self._own) as consumer:
            consumer.assign([TopicPartition(topic, each, places[each][0]) for each in left])
            last = self._now()
            while left:
                messages = consumer.consume(RECORDS, POLL_S)
                for message in messages:
                    if message.error() is not None:
                        raise KafkaException(message.error())
                found = [each for each in messages if _offset(each) < left.get(_partition(each), 0)]
                if found:
                    yield found
                    last = self._now()  # whoever took it has spent the time
                for each in [each for each in left if position(consumer, topic, each) >= left[each]]:
                    consumer.incremental_unassign([TopicPartition(topic, each)])
                    del left[each]
                    last = self._now()
                if left and self._now() - last > CALL_S:
                    raise Unavailable("the log")


def _logged(message: Message) -> Logged:
    _, at = message.timestamp()
    return Logged(partition=_partition(message), offset=_offset(message), at=at, command=_command(message))


def _command(message: Message) -> Command | None:
    try:
        return load_command(message.value() or b"", header(message, SCHEMA_HEADER))
    except BadRecordError:
        return None


def _partition(message: Message) -> int:
    return int(message.partition() or 0)


def _offset(message: Message) -> int:
    return int(message.offset() or 0)


_: type[CommandHistory] = KafkaCommandHistory
