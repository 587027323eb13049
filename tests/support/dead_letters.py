"""What was set aside in `chat.dead`, read from outside."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, Message, TopicPartition

from natter.names import DEAD_TOPIC

WITHIN_S = 30.0

type Places = Mapping[int, int]
"""Of each partition, the place up to which it is known."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that was set aside: its key, what it says, and why it was."""

    key: str
    value: bytes
    error: str

    def __str__(self) -> str:
        return f"{self.key}: {self.error}: {self.value[:300]!r}"


def unplanted(letters: Iterable[Letter], planted: Collection[str]) -> list[str]:
    """Those that no test has planted, by their keys."""
    return [str(letter) for letter in letters if letter.key not in planted]


class DeadLetterReader:
    """Reads without a group: nobody's position moves."""

    def __init__(self, brokers: str) -> None:
        self._settings = {"bootstrap.servers": brokers, "group.id": "dead-letters", "enable.auto.commit": False}

    def ends(self) -> Places:
        """Where it goes on now."""
        consumer = Consumer(self._settings)
        try:
            return {number: _bounds(consumer, number)[1] for number in _partitions(consumer)}
        finally:
            consumer.close()

    def since(self, places: Places) -> list[Letter]:
        """
        All that was set aside from `places` on.

        Raises:
            TimeoutError: Kafka does not answer.
        """
        consumer = Consumer(self._settings)
        try:
            return [letter for number in _partitions(consumer) for letter in _read(consumer, number, places)]
        finally:
            consumer.close()


def _partitions(consumer: Consumer) -> list[int]:
    return sorted(consumer.list_topics(DEAD_TOPIC, timeout=WITHIN_S).topics[DEAD_TOPIC].partitions)


def _bounds(consumer: Consumer, number: int) -> tuple[int, int]:
    first, end = consumer.get_watermark_offsets(TopicPartition(DEAD_TOPIC, number), timeout=WITHIN_S)
    return first, end


def _read(consumer: Consumer, number: int, places: Places) -> list[Letter]:
    first, end = _bounds(consumer, number)
    place = max(first, places.get(number, 0))
    consumer.assign([TopicPartition(DEAD_TOPIC, number, place)])
    letters: list[Letter] = []
    while place < end:
        message = consumer.poll(WITHIN_S)
        if message is None or message.error() is not None:
            raise TimeoutError(f"{DEAD_TOPIC}-{number}: nothing at {place} of {end}")
        place = (message.offset() or 0) + 1
        letters.append(Letter((message.key() or b"").decode(), message.value() or b"", _why(message)))
    return letters


def _why(message: Message) -> str:
    error = dict(message.headers() or []).get("error") or b""
    return error.decode() if isinstance(error, bytes) else error
