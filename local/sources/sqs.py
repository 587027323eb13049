"""
The poller of an SQS event source mapping: it receives, Lambda is invoked, and what succeeded is deleted.

What failed stays in the queue, which shows it again when its visibility timeout is over and moves it to the
dead-letter queue of its redrive policy when that was too often. Nothing is remembered here.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from typing import Any

from local.faults.deliveries import Deliveries
from local.model import SqsSource
from local.runtime.functions import StoppedError
from local.runtime.scheduling import ThrottledError

from . import sqs_events
from .backoff import backoff
from .sqs_api import LONGEST_POLL_S, MOST_MESSAGES, Queue, SqsError
from .sqs_events import Message

LOG = logging.getLogger("local.sources")
START_TIMEOUT_S = 30.0
CONCURRENCY = 5
"""Batches with which AWS begins. There it grows by the minute; here the functions' own limit is soon reached."""
FULL_BYTES = 3 * 1024 * 1024
"""Bodies that make a batch full: ten more, escaped, must still fit into an event of 6 MB."""
DELETE_ATTEMPTS = 4
GRACE_S = 1.0
"""How long `stop` waits for the batches under way."""


class SqsPoller:
    """One event source mapping at work, between `start` and `stop`."""

    def __init__(self, source: SqsSource, functions: Deliveries, endpoint: str) -> None:
        self.source = source
        self.polls = self.batches = self.records = self.failures = 0
        self._functions = functions
        self._endpoint = endpoint
        self._free = asyncio.Semaphore(source.max_concurrency or CONCURRENCY)
        self._handling: set[asyncio.Task[None]] = set()
        self._polling: asyncio.Task[None] | None = None
        self._queue: Queue | None = None
        self._last_error: str | None = None

    async def start(self) -> None:
        """
        Raises:
            TimeoutError: the queue does not exist, or SQS does not answer, for 30 s.
        """
        queue = self._queue = Queue(self.source.queue_arn, self._endpoint)
        attempt = 0
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                try:
                    visible_after_s = await queue.visibility_timeout_s()
                    break
                except SqsError as error:
                    attempt += 1
                    self._note(error)
                    await asyncio.sleep(backoff(attempt))
        self._polling = asyncio.create_task(self._poll(queue, visible_after_s), name=f"poller of {queue.name}")

    async def stop(self) -> None:
        """Stop receiving; a batch gets a moment to end, else its messages come again. Also after a failed `start`."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        if self._handling:
            await asyncio.wait(self._handling, timeout=GRACE_S)
        for task in self._handling:
            task.cancel()
        await asyncio.gather(*self._handling, return_exceptions=True)
        if self._queue is not None:
            await self._queue.close()

    def status(self) -> dict[str, Any]:
        return {
            "queue": self.source.queue_arn.split(":")[5],
            "function": self.source.function_arn.split(":")[6],
            "polls": self.polls,
            "batches": self.batches,
            "records": self.records,
            "failures": self.failures,
            "under_way": len(self._handling),
            "last_error": self._last_error,
        }

    async def _poll(self, queue: Queue, visible_after_s: int) -> None:
        """Receive as long as there is room for another batch."""
        loop, attempt = asyncio.get_running_loop(), 0
        while True:
            await self._free.acquire()
            messages: list[Message] = []
            self.polls += 1
            try:
                messages = await queue.receive(self.source.batch_size, wait_s=LONGEST_POLL_S)
                attempt = 0
                again_at = loop.time() + visible_after_s
                if messages:
                    await self._fill(queue, messages)
            except SqsError as error:
                attempt += 1
                self._note(error)
                await asyncio.sleep(backoff(attempt))
            if messages:
                task = loop.create_task(self._handle(queue, messages, again_at))
                self._handling.add(task)
                task.add_done_callback(self._done)
            else:
                self._free.release()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._handling.discard(task)
        self._free.release()

    async def _fill(self, queue: Queue, messages: list[Message]) -> None:
        """Add what arrives within the batching window, until the batch is full. What it had stays if that fails."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.source.window_s
        while (wait_s := ends - loop.time()) > 0:
            room = self.source.batch_size - len(messages)
            if room <= 0 or sum(len(message["Body"]) for message in messages) > FULL_BYTES:
                return
            messages += await queue.receive(room, wait_s=min(math.ceil(wait_s), LONGEST_POLL_S))

    async def _handle(self, queue: Queue, messages: Sequence[Message], again_at: float) -> None:
        failed = await self._invoke(messages, again_at)
        if failed is None:
            return
        self.batches += 1
        self.failures += bool(failed)
        succeeded = [message for message in messages if message["MessageId"] not in failed]
        self.records += len(succeeded)
        for first in range(0, len(succeeded), MOST_MESSAGES):
            await self._delete(queue, succeeded[first : first + MOST_MESSAGES])

    async def _invoke(self, messages: Sequence[Message], again_at: float) -> set[str] | None:
        """The ids of what failed; None if the function was throttled until the messages show up again."""
        payload = sqs_events.event(messages, queue_arn=self.source.queue_arn)
        loop, attempt = asyncio.get_running_loop(), 0
        while loop.time() < again_at:
            try:
                result = await self._functions.invoke(self.source.function_arn, payload)
            except ThrottledError:
                attempt += 1
                await asyncio.sleep(backoff(attempt))
            except StoppedError:
                return None
            else:
                if result.error is not None:
                    return {str(message["MessageId"]) for message in messages}
                return sqs_events.failed(result.payload, messages) if self.source.report_item_failures else set()
        return None

    async def _delete(self, queue: Queue, messages: Sequence[Message]) -> None:
        """What cannot be deleted comes again: delivery is at least once."""
        for attempt in range(1, DELETE_ATTEMPTS + 1):
            try:
                await queue.delete(messages)
            except SqsError as error:
                self._note(error)
                if attempt < DELETE_ATTEMPTS:
                    await asyncio.sleep(backoff(attempt))
            else:
                return

    def _note(self, error: SqsError) -> None:
        self._last_error = str(error)
        LOG.info("%s", error)
