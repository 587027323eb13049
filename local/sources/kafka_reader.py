"""
A topic read with librdkafka: records on their way in, offsets on their way back.

Partitions are assigned by hand and offsets committed under the mapping's group: there is one reader, so a group's
rebalances would only add waiting (after a crash, for the old member's session to expire).

Once it runs, the consumer belongs to the reader's thread: its calls exclude each other, so that one made on the loop
would wait for the poll under way.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import (
    OFFSET_END,
    OFFSET_INVALID,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)

from local.model import KafkaSource

from .backoff import backoff
from .batches import Record

LOG = logging.getLogger("local.sources")
CALL_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 3.0
"""How long the last offsets may take to be committed: a broker that hangs is not waited for."""
POLL_S = 0.1
COMMIT_EVERY_S = 0.1
LOOK_EVERY_S = 0.25
MAX_TAKE = 1000
"""Records taken from librdkafka at once."""


class KafkaReader:
    """
    Reads the topic of `source` between `start` and `close`.

    `on_records` gets what was read, on the loop; `positions` (asked on the thread) is how far each partition is done
    with, which is committed.
    """

    def __init__(
        self,
        source: KafkaSource,
        bootstrap: str,
        *,
        on_records: Callable[[list[Record]], None],
        positions: Callable[[], Mapping[int, int]],
    ) -> None:
        self.last_error: str | None = None
        self._topic = source.topic
        self._from_the_beginning = source.starting_position == "TRIM_HORIZON"
        self._on_records = on_records
        self._positions = positions
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._committed: dict[int, int] = {}
        self._reach: dict[int, int] = {}
        self._requests: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": source.group_id,
                "client.id": f"event-source-{source.uuid}",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest" if self._from_the_beginning else "latest",
                "fetch.min.bytes": 1,
                "fetch.wait.max.ms": 500,
                "fetch.queue.backoff.ms": 5,
                "fetch.error.backoff.ms": 100,
                "queued.max.messages.kbytes": 16 * 1024,
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 1000,
                "socket.nagle.disable": True,
                "broker.address.family": "v4",
                "log_level": 2,
                "error_cb": self._note_error,
                "on_commit": self._note_commit,
            }
        )

    async def find(self) -> Mapping[int, int]:
        """
        Where each of the topic's partitions begins: behind what the group has committed, else at the starting position.

        Asks again and again until Kafka answers.
        """
        assignment = await self.retried(self._assignment)
        self._committed = {start.partition: start.offset for start in assignment}
        self._reach = await self.retried(self._ends)
        return dict(self._committed)

    def start(self) -> None:
        """Read from where `find` said."""
        self._consumer.assign([self._where(number, offset) for number, offset in self._committed.items()])
        self._thread = threading.Thread(target=self._read, name=f"kafka {self._topic}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Pass on no more records."""
        self._stopping.set()

    def pause(self, partition: int) -> None:
        self._requests.put(partial(self._consumer.pause, [self._where(partition)]))

    def resume(self, partition: int) -> None:
        self._requests.put(partial(self._consumer.resume, [self._where(partition)]))

    def reach(self, partition: int) -> int:
        """The offset behind the partition's last record, as of `find` or the last look since."""
        return self._reach[partition]

    async def close(self) -> None:
        """Commit what is done with, if Kafka answers in time, and leave."""
        closing = threading.Thread(target=self._close, name=f"closing {self._topic}", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_TIMEOUT_S)
        if closing.is_alive():
            LOG.warning("last offsets of %s not committed: Kafka does not answer", self._topic)

    async def retried[T](self, call: Callable[[], T]) -> T:
        """`call` in a thread, again and again until Kafka answers: just after its start it often does not yet."""
        attempt = 0
        while True:
            try:
                return await asyncio.to_thread(call)
            except KafkaException as error:
                self._note_error(error)
            attempt += 1
            await asyncio.sleep(backoff(attempt))

    # the thread

    def _read(self) -> None:
        looked = committed = 0.0
        while not self._stopping.is_set():
            if message := self._consumer.poll(POLL_S):
                # poll returns with the first record at once; the rest of what was fetched is taken without waiting
                self._pass_on([message, *self._consumer.consume(MAX_TAKE, timeout=0)])
            while not self._requests.empty():
                self._requests.get()()
            now = time.monotonic()
            if now - committed >= COMMIT_EVERY_S:
                committed = now
                self._commit()
            if now - looked >= LOOK_EVERY_S:
                looked = now
                self._look()

    def _pass_on(self, messages: list[Message]) -> None:
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(_record(message))
            else:
                self._note_error(error)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._on_records, records)

    def _look(self) -> None:
        """See how far each partition reaches, from what the last fetch said."""
        for number in self._committed:
            watermarks = self._consumer.get_watermark_offsets(self._where(number), cached=True)
            if watermarks is not None and watermarks[1] != OFFSET_INVALID:
                self._reach[number] = watermarks[1]

    # offsets

    def _where(self, partition: int, offset: int = OFFSET_INVALID) -> TopicPartition:
        return TopicPartition(self._topic, partition, offset)

    def _assignment(self) -> list[TopicPartition]:
        topic = self._consumer.list_topics(self._topic, timeout=CALL_TIMEOUT_S).topics[self._topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        partitions = [self._where(number) for number in sorted(topic.partitions)]
        assignment = self._consumer.committed(partitions, timeout=CALL_TIMEOUT_S)
        fresh = [partition for partition in assignment if partition.offset < 0]
        for partition in fresh:
            if partition.error is not None:
                raise KafkaException(partition.error)
            low, high = self._consumer.get_watermark_offsets(partition, timeout=CALL_TIMEOUT_S)
            partition.offset = low if self._from_the_beginning else high
        if fresh:  # so that what arrives before the first success is not missed after a restart
            self._consumer.commit(offsets=fresh, asynchronous=False)
        return assignment

    def _ends(self) -> dict[int, int]:
        """So that who is behind says so before anything was read."""
        asked = [self._where(number, OFFSET_END) for number in self._committed]
        answers = self._consumer.offsets_for_times(asked, timeout=CALL_TIMEOUT_S)
        for each in answers:
            if each.error is not None:
                raise KafkaException(each.error)
        return {each.partition: each.offset for each in answers}

    def _commit(self) -> None:
        if offsets := self._uncommitted():
            try:
                self._consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as error:
                self._note_commit(error, offsets)

    def _uncommitted(self) -> list[TopicPartition]:
        """The positions that moved since they were last asked for."""
        moved = {
            number: position for number, position in self._positions().items() if position != self._committed[number]
        }
        self._committed |= moved
        return [self._where(number, position) for number, position in moved.items()]

    def _close(self) -> None:
        if self._thread is not None:
            self._thread.join(CALL_TIMEOUT_S)
        for number in self._committed:
            self._committed[number] = -1
        offsets = self._uncommitted()
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            LOG.warning("last offsets of %s not committed: %s", self._topic, error)
        self._consumer.close()

    # errors

    def _note_error(self, error: object) -> None:
        self.last_error = str(error)
        LOG.info("%s: %s", self._topic, error)

    def _note_commit(self, error: object, offsets: list[TopicPartition]) -> None:
        """A commit that failed is made up for by the next one."""
        if error is not None:
            self._note_error(error)
            for offset in offsets:
                self._committed[offset.partition] = -1


def _record(message: Message) -> Record:
    kind, timestamp_ms = message.timestamp()
    headers: Any = message.headers() or ()
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return Record(
        topic,
        partition,
        offset,
        timestamp_ms,
        "LOG_APPEND_TIME" if kind == TIMESTAMP_LOG_APPEND_TIME else "CREATE_TIME",
        message.key(),
        message.value(),
        tuple((name, value or b"") for name, value in headers),
    )
