"""
The poller of a Kafka event source mapping: librdkafka reads, lanes decide, Lambda is invoked.

Partitions are assigned by hand and offsets committed under the mapping's group: there is one poller, so a group's
rebalances would only add waiting (after a crash, for the old member's session to expire).

Once it runs, the consumer belongs to the reader thread: its calls exclude each other, so that one made on the loop
would wait for the poll under way.
"""

import asyncio
import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from confluent_kafka import OFFSET_INVALID, TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaException, Message, TopicPartition

from local.model import KafkaSource
from local.runtime.functions import Lambda, StoppedError
from local.runtime.scheduling import ThrottledError

from . import kafka_events
from .batches import Batch, Lane, Record, first_failed
from .dead_letters import DeadLetters

LOG = logging.getLogger("local.sources")
CALL_TIMEOUT_S = 5.0
START_TIMEOUT_S = 30.0
POLL_S = 0.1
COMMIT_EVERY_S = 0.1
LOOK_EVERY_S = 0.25
BACKOFF_S = (0.1, 5.0)
"""First and longest wait between attempts."""
GRACE_S = 1.0
"""How long `stop` waits for the batches under way."""
MAX_TAKE = 1000
"""Records taken from librdkafka at once."""


def backoff(attempt: int) -> float:
    """Seconds to wait after the `attempt`-th failure in a row (from 1), jittered."""
    first_s, longest_s = BACKOFF_S
    wait_s: float = min(longest_s, first_s * 2 ** min(attempt - 1, 16))
    return wait_s * random.uniform(0.5, 1)  # noqa: S311


class _Partition:
    """A lane with what wakes its task."""

    def __init__(self, number: int, lane: Lane) -> None:
        self.number = number
        self.lane = lane
        self.arrived = asyncio.Event()
        self.paused = False
        """Whether the reader was asked to pause it."""
        self.high = OFFSET_INVALID
        """The offset behind the partition's last record, as of the last look."""
        self.task: asyncio.Task[None] | None = None


class KafkaPoller:
    """One event source mapping at work, between `start` and `stop`."""

    def __init__(self, source: KafkaSource, functions: Lambda, bootstrap: str) -> None:
        self.source = source
        self.batches = self.records = self.failures = self.discarded = 0
        self._functions = functions
        self._bootstrap = bootstrap
        self._dead_letters = DeadLetters(source, bootstrap)
        self._loop = asyncio.get_running_loop()
        self._partitions: dict[int, _Partition] = {}
        self._stopping = threading.Event()
        self._last_error: str | None = None
        self._committed: dict[int, int] = {}
        self._requests: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": source.group_id,
                "client.id": f"event-source-{source.uuid}",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest" if source.starting_position == "TRIM_HORIZON" else "latest",
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

    async def start(self) -> None:
        """
        Find the topic's partitions and where to begin, then consume.

        Raises:
            TimeoutError: the topic does not exist, or Kafka does not answer, for 30 s.
        """
        async with asyncio.timeout(START_TIMEOUT_S):
            assignment = await self._retried(self._assignment)
        for start in assignment:
            partition = _Partition(start.partition, Lane(self.source, start.offset))
            partition.task = self._loop.create_task(self._work(partition))
            self._partitions[start.partition] = partition
            self._committed[start.partition] = start.offset
        self._consumer.assign(assignment)
        self._reader = threading.Thread(target=self._read, name=f"kafka {self.source.topic}", daemon=True)
        self._reader.start()

    async def stop(self) -> None:
        """Stop reading; a batch gets a moment to end, else it comes again after the next start."""
        self._stopping.set()
        lanes = [partition.task for partition in self._partitions.values() if partition.task is not None]
        for partition in self._partitions.values():
            partition.arrived.set()
        if lanes:
            await asyncio.wait(lanes, timeout=GRACE_S)
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        await asyncio.to_thread(self._close)

    def status(self) -> dict[str, Any]:
        partitions = {}
        for number, partition in self._partitions.items():
            position, high = partition.lane.position, partition.high
            lag = max(partition.lane.waiting, high - position if high != OFFSET_INVALID else 0)
            partitions[str(number)] = {"position": position, "lag": lag}
        return {
            "topic": self.source.topic,
            "group": self.source.group_id,
            "function": self.source.function_arn.split(":")[6],
            "batches": self.batches,
            "records": self.records,
            "failures": self.failures,
            "discarded": self.discarded,
            "lag": sum(partition["lag"] for partition in partitions.values()),
            "partitions": partitions,
            "last_error": self._last_error,
        }

    # reading: the thread

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
            self._loop.call_soon_threadsafe(self._receive, records)

    def _look(self) -> None:
        """See how far each partition reaches, from what the last fetch said."""
        for number, partition in self._partitions.items():
            where = TopicPartition(self.source.topic, number)
            watermarks = self._consumer.get_watermark_offsets(where, cached=True)
            if watermarks is not None:
                partition.high = watermarks[1]

    def _receive(self, records: list[Record]) -> None:
        touched = {record.partition for record in records}
        for record in records:
            self._partitions[record.partition].lane.add(record)
        for number in touched:
            partition = self._partitions[number]
            partition.arrived.set()
            if not partition.paused and partition.lane.waiting > 2 * self.source.batch_size + MAX_TAKE:
                partition.paused = True
                where = [TopicPartition(self.source.topic, number)]
                self._requests.put(partial(self._consumer.pause, where))

    # working: a task per partition

    async def _work(self, partition: _Partition) -> None:
        lane, failures = partition.lane, 0
        while not self._stopping.is_set():
            if expired := lane.expired(time.time() * 1000):
                await self._discard(partition, expired, "EventAgeExceeded", failures)
            if not lane.waiting:
                partition.arrived.clear()
                await partition.arrived.wait()
                if self._stopping.is_set():
                    return
            await self._window(partition)
            batch = lane.next_batch()
            if batch is None:
                continue
            failed = await self._invoke(batch)
            if failed is None:  # throttled: no attempt
                failures += 1
                await asyncio.sleep(backoff(failures))
                continue
            outcome = lane.finish(failed)
            failures = failures + 1 if outcome.retry and not failed else 0
            if outcome.discarded:
                await self._discard(partition, outcome.discarded, "RetryAttemptsExhausted", batch.failures + 1)
            if outcome.retry:
                await asyncio.sleep(backoff(max(1, failures)))
            self._resume(partition)

    async def _window(self, partition: _Partition) -> None:
        """Wait until the batching window, from the first record on, has passed or a batch is full."""
        if self.source.window_s <= 0:
            return
        ends = self._loop.time() + self.source.window_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(ends):
                while not partition.lane.full:
                    partition.arrived.clear()
                    await partition.arrived.wait()

    async def _invoke(self, batch: Batch) -> int | None:
        """Run the function: the first record that failed, or None if it was throttled."""
        payload = kafka_events.event(batch.records, source_arn=self.source.cluster_arn, bootstrap=self._bootstrap)
        try:
            result = await self._functions.invoke(self.source.function_arn, payload)
        except (ThrottledError, StoppedError):
            return None
        self.batches += 1
        failed = 0
        if result.error is None:
            partial = self.source.report_item_failures
            failed = first_failed(batch.records, result.payload, partial=partial)
        self.records += failed
        self.failures += failed < len(batch.records)
        return failed

    async def _discard(self, partition: _Partition, records: list[Record], condition: str, attempts: int) -> None:
        """Hand records over to the destination, however long that takes, then count them as done."""
        LOG.warning(
            "%s: %s[%d] gives up offsets %d-%d: %s",
            self.source.function_arn,
            self.source.topic,
            partition.number,
            records[0].offset,
            records[-1].offset,
            condition,
        )
        await self._retried(lambda: self._dead_letters.send(records, condition=condition, attempts=attempts))
        self.discarded += len(records)
        partition.lane.passed(records)

    def _resume(self, partition: _Partition) -> None:
        if partition.paused and partition.lane.waiting <= self.source.batch_size:
            partition.paused = False
            where = [TopicPartition(self.source.topic, partition.number)]
            self._requests.put(partial(self._consumer.resume, where))

    # offsets

    def _assignment(self) -> list[TopicPartition]:
        """Where each partition begins: behind what the group has committed, else at the starting position."""
        topic = self._consumer.list_topics(self.source.topic, timeout=CALL_TIMEOUT_S).topics[self.source.topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        partitions = [TopicPartition(self.source.topic, number) for number in sorted(topic.partitions)]
        assignment = self._consumer.committed(partitions, timeout=CALL_TIMEOUT_S)
        fresh = [partition for partition in assignment if partition.offset < 0]
        for partition in fresh:
            if partition.error is not None:
                raise KafkaException(partition.error)
            low, high = self._consumer.get_watermark_offsets(partition, timeout=CALL_TIMEOUT_S)
            partition.offset = low if self.source.starting_position == "TRIM_HORIZON" else high
        if fresh:  # so that what arrives before the first success is not missed after a restart
            self._consumer.commit(offsets=fresh, asynchronous=False)
        return assignment

    def _commit(self) -> None:
        if offsets := self._uncommitted():
            try:
                self._consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as error:
                self._note_commit(error, offsets)

    def _uncommitted(self) -> list[TopicPartition]:
        """The positions that moved since they were last asked for."""
        moved = {
            number: partition.lane.position
            for number, partition in self._partitions.items()
            if partition.lane.position != self._committed[number]
        }
        self._committed |= moved
        return [TopicPartition(self.source.topic, number, position) for number, position in moved.items()]

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.join(CALL_TIMEOUT_S)
        for number in self._committed:
            self._committed[number] = -1
        offsets = self._uncommitted()
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            LOG.warning("last offsets of %s not committed: %s", self.source.topic, error)
        self._consumer.close()
        self._dead_letters.close()

    # errors

    async def _retried[T](self, call: Callable[[], T]) -> T:
        """`call` in a thread, again and again until Kafka answers: just after its start it often does not yet."""
        attempt = 0
        while True:
            try:
                return await asyncio.to_thread(call)
            except KafkaException as error:
                self._note_error(error)
            attempt += 1
            await asyncio.sleep(backoff(attempt))

    def _note_error(self, error: object) -> None:
        self._last_error = str(error)
        LOG.info("%s: %s", self.source.topic, error)

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
