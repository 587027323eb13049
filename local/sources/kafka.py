"""The poller of a Kafka event source mapping: a reader reads, lanes decide, Lambda is invoked."""

import asyncio
import logging
import math
import os
import time
from typing import Any

from local.faults.deliveries import Deliveries
from local.model import KafkaSource
from local.runtime.functions import StoppedError
from local.runtime.scheduling import ThrottledError

from . import kafka_events
from .backoff import backoff
from .batches import MAX_EVENT, Batch, Lane, Record, first_failed
from .dead_letters import DeadLetters
from .kafka_reader import MAX_TAKE, KafkaReader

LOG = logging.getLogger("local.sources")
START_TIMEOUT_S = 30.0
AT_ONCE = max(2, os.process_cpu_count() or 1)
"""Invocations of one source at once. More would make smaller batches, of which each record costs more."""
GRACE_S = 1.0
"""How long `stop` waits for the batches under way."""


class _Partition:
    """A lane and when it may be taken: by one invocation at a time."""

    def __init__(self, number: int, lane: Lane) -> None:
        self.number = number
        self.lane = lane
        self.taken = False
        self.due_at = math.inf
        """When the batching window of the first record that waits has passed."""
        self.rests_until = 0.0
        """After a failure, nothing is tried before."""
        self.failures = 0
        self.paused = False
        """Whether the reader was asked to pause it."""

    def starts_at(self) -> float:
        """When what waits is to be taken."""
        if self.taken or not self.lane.waiting:
            return math.inf
        return max(self.rests_until, 0.0 if self.lane.full else self.due_at)

    def rest(self, now: float) -> None:
        self.failures += 1
        self.rests_until = now + backoff(self.failures)


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
        self._working: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
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
            self._partitions[number] = _Partition(number, Lane(self.source, offset))
        self._reader.start()

    async def stop(self) -> None:
        """Stop reading; a batch gets a moment to end, else it comes again after the next start."""
        self._stopping = True
        self._reader.stop()
        self._dispatch()
        under_way = list(self._working)
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE_S)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
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
        due_at = self._loop.time() + self.source.window_s
        for number in touched:
            partition = self._partitions[number]
            partition.due_at = min(partition.due_at, due_at)
            if not partition.paused and partition.lane.waiting > 2 * self.source.batch_size + MAX_TAKE:
                partition.paused = True
                self._reader.pause(number)
        self._dispatch()

    # working: as many tasks as invocations at once, each with the partitions that it has taken

    def _dispatch(self) -> None:
        """Begin what is due, as long as there is room for it; come back when more will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while not self._stopping and len(self._working) < AT_ONCE and (taken := self._take()):
            task = self._loop.create_task(self._work(taken))
            self._working.add(task)
            task.add_done_callback(self._worked)
        if not self._stopping and len(self._working) < AT_ONCE:
            begins_at = min((each.starts_at() for each in self._partitions.values()), default=math.inf)
            if begins_at < math.inf:
                self._timer = self._loop.call_at(begins_at, self._dispatch)

    def _take(self) -> list[_Partition]:
        """
        Once one is due, all that have records waiting share its invocation; longest due first.

        What has failed before goes alone, so that what is wrong with it is in the way of nothing else.
        """
        now = self._loop.time()
        due = sorted(
            (each for each in self._partitions.values() if each.starts_at() <= now),
            key=lambda each: (each.due_at, each.number),
        )
        again = next((each for each in due if each.lane.failed), None)
        taken = [again] if again else due
        if due and not again:
            taken += [each for each in self._partitions.values() if self._may_join(each, now) and each not in due]
        for each in taken:
            each.taken = True
        return taken

    def _may_join(self, partition: _Partition, now: float) -> bool:
        waits = partition.lane.waiting and not partition.taken and not partition.lane.failed
        return bool(waits) and partition.rests_until <= now

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("%s: the poller failed", self.source.function_arn, exc_info=error)
        self._dispatch()

    async def _work(self, taken: list[_Partition]) -> None:
        try:
            for partition in taken:
                if expired := partition.lane.expired(time.time() * 1000):
                    await self._discard(partition, expired, "EventAgeExceeded", partition.failures)
            batches = self._batches(taken)
            if batches:
                await self._attempt(batches)
        finally:
            for partition in taken:
                self._release(partition)

    def _batches(self, taken: list[_Partition]) -> dict[_Partition, Batch]:
        """A batch of each, as far as they fit into one invocation; those that do not are let go."""
        batches: dict[_Partition, Batch] = {}
        records, size = self.source.batch_size, MAX_EVENT
        for partition in list(taken):
            batch = partition.lane.next_batch(records=records, size=size) if records > 0 and size > 0 else None
            if batch is None:
                taken.remove(partition)
                self._release(partition)
                continue
            records, size = records - len(batch.records), size - batch.event_size
            batches[partition] = batch
        self._dispatch()
        return batches

    def _release(self, partition: _Partition) -> None:
        if partition.paused and partition.lane.waiting <= self.source.batch_size:
            partition.paused = False
            self._reader.resume(partition.number)
        partition.taken = False
        partition.due_at = self._loop.time() + self.source.window_s if partition.lane.waiting else math.inf

    async def _attempt(self, batches: dict[_Partition, Batch]) -> None:
        failed = await self._invoke([batch.records for batch in batches.values()])
        if failed is None:  # throttled: no attempt
            for partition in batches:
                partition.rest(self._loop.time())
            return
        for (partition, batch), first in zip(batches.items(), failed, strict=True):
            attempts = batch.failures + 1
            outcome = partition.lane.finish(first)
            if first or not outcome.retry:
                partition.failures = 0
            if outcome.discarded:
                await self._discard(partition, outcome.discarded, "RetryAttemptsExhausted", attempts)
            if outcome.retry:
                partition.rest(self._loop.time())

    async def _invoke(self, batches: list[list[Record]]) -> list[int] | None:
        """Run the function: the first record of each batch that failed, or None if it was throttled."""
        payload = kafka_events.event(batches, source_arn=self.source.cluster_arn, bootstrap=self._bootstrap)
        try:
            result = await self._functions.invoke(self.source.function_arn, payload)
        except (ThrottledError, StoppedError):
            return None
        self.batches += 1
        failed = [0] * len(batches)
        if result.error is None:
            failed = first_failed(batches, result.payload, partial=self.source.report_item_failures)
        self.records += sum(failed)
        self.failures += any(first < len(records) for first, records in zip(failed, batches, strict=True))
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
