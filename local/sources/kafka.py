"""The poller of a Kafka event source mapping: a reader reads, lanes decide, Lambda is invoked."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from local.faults.deliveries import Deliveries
from local.model import KafkaSource
from local.runtime.functions import StoppedError
from local.runtime.scheduling import ThrottledError

from . import kafka_events
from .backoff import backoff
from .batches import Batch, Lane, Record, first_failed
from .dead_letters import DeadLetters
from .kafka_reader import MAX_TAKE, KafkaReader

LOG = logging.getLogger("local.sources")
START_TIMEOUT_S = 30.0
GRACE_S = 1.0
"""How long `stop` waits for the batches under way."""


class _Partition:
    """A lane with what wakes its task."""

    def __init__(self, number: int, lane: Lane) -> None:
        self.number = number
        self.lane = lane
        self.arrived = asyncio.Event()
        self.paused = False
        """Whether the reader was asked to pause it."""
        self.task: asyncio.Task[None] | None = None


class KafkaPoller:
    """One event source mapping at work, between `start` and `stop`."""

    def __init__(self, source: KafkaSource, functions: Deliveries, bootstrap: str) -> None:
        self.source = source
        self.batches = self.records = self.failures = self.discarded = 0
        self._functions = functions
        self._bootstrap = bootstrap
        self._dead_letters = DeadLetters(source, bootstrap)
        self._loop = asyncio.get_running_loop()
        self._partitions: dict[int, _Partition] = {}
        self._stopping = False
        self._reader = KafkaReader(source, bootstrap, on_records=self._receive, positions=self._positions)

    async def start(self) -> None:
        """
        Find the topic's partitions and where to begin, then consume.

        Raises:
            TimeoutError: the topic does not exist, or Kafka does not answer, for 30 s.
        """
        async with asyncio.timeout(START_TIMEOUT_S):
            begins = await self._reader.find()
        for number, offset in begins.items():
            partition = _Partition(number, Lane(self.source, offset))
            partition.task = self._loop.create_task(self._work(partition))
            self._partitions[number] = partition
        self._reader.start()

    async def stop(self) -> None:
        """Stop reading; a batch gets a moment to end, else it comes again after the next start."""
        self._stopping = True
        self._reader.stop()
        lanes = [partition.task for partition in self._partitions.values() if partition.task is not None]
        for partition in self._partitions.values():
            partition.arrived.set()
        if lanes:
            await asyncio.wait(lanes, timeout=GRACE_S)
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        await self._reader.close()
        self._dead_letters.close()

    def status(self) -> dict[str, Any]:
        partitions = {}
        for number, partition in self._partitions.items():
            position = partition.lane.position
            lag = max(partition.lane.waiting, self._reader.reach(number) - position)
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
            "last_error": self._reader.last_error,
        }

    def _positions(self) -> dict[int, int]:
        return {number: partition.lane.position for number, partition in self._partitions.items()}

    def _receive(self, records: list[Record]) -> None:
        touched = {record.partition for record in records}
        for record in records:
            self._partitions[record.partition].lane.add(record)
        for number in touched:
            partition = self._partitions[number]
            partition.arrived.set()
            if not partition.paused and partition.lane.waiting > 2 * self.source.batch_size + MAX_TAKE:
                partition.paused = True
                self._reader.pause(number)

    # working: a task per partition

    async def _work(self, partition: _Partition) -> None:
        lane, failures = partition.lane, 0
        while not self._stopping:
            if expired := lane.expired(time.time() * 1000):
                await self._discard(partition, expired, "EventAgeExceeded", failures)
            if not lane.waiting:
                partition.arrived.clear()
                await partition.arrived.wait()
                if self._stopping:
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
        await self._reader.retried(lambda: self._dead_letters.send(records, condition=condition, attempts=attempts))
        self.discarded += len(records)
        partition.lane.passed(records)

    def _resume(self, partition: _Partition) -> None:
        if partition.paused and partition.lane.waiting <= self.source.batch_size:
            partition.paused = False
            self._reader.resume(partition.number)
