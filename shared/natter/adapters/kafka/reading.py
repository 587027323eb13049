"""Topics that are read back: by whom joins no group, from places that are looked up and assigned."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from natter.adapters.kafka.client import client_config
from natter.domain.errors import Unavailable
from natter.settings import KafkaSettings

CALL_S = 5.0
"""How long one call may take; a reading that gets nothing for so long is given up."""
POLL_S = 0.1


@contextmanager
def reader(settings: KafkaSettings, *, group: str, queued_kb: int) -> Iterator[Consumer]:
    """
    A consumer that commits nothing by itself and holds at most `queued_kb` that was not asked for yet. The library
    wants a group; places of a group that nobody is in can be read and written without joining it.

    Raises:
        Unavailable: the brokers did not answer in time.
    """
    consumer = Consumer(
        {
            **client_config(settings),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": queued_kb,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise Unavailable("the log") from error
    finally:
        consumer.close()


def partitions(consumer: Consumer, topic: str) -> list[int]:
    return sorted(consumer.list_topics(topic, timeout=CALL_S).topics[topic].partitions)


def position(consumer: Consumer, topic: str, partition: int) -> int:
    """The offset behind what was read."""
    (found,) = consumer.position([TopicPartition(topic, partition)])
    return int(found.offset)


def bounds(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The first offset that there is, and the one before which everything lies that was confirmed to its producer."""
    first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=CALL_S)
    return int(first), int(end)


def header(message: Message, name: str) -> bytes | None:
    value = dict(message.headers() or []).get(name)
    return value if isinstance(value, bytes) else None
