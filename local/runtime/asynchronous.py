"""Asynchronous invocations: events that wait for their turn, are tried again, and may have a destination."""

import asyncio
import contextlib
import random
import uuid
from dataclasses import dataclass
from typing import Literal, Protocol

from local.runtime import records
from local.runtime.pool import Pool, StoppedError
from local.runtime.records import Outcome
from local.runtime.scheduling import ThrottledError

MAX_PAYLOAD = 1024 * 1024
"""Bytes of an asynchronous event."""


class PayloadTooLargeError(Exception):
    """An event exceeds what an invocation of its kind may bring (`RequestTooLargeException`, 413)."""

    def __init__(self, size: int, limit: int, kind: Literal["Event", "RequestResponse"]) -> None:
        super().__init__(f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)")


class Destinations(Protocol):
    """Where records of asynchronous invocations go."""

    async def send(self, arn: str, body: bytes, attributes: records.Attributes) -> None:
        """
        Send `body` to a queue, a topic or a function; `attributes` are those of the message.

        Raises:
            DestinationError: it was not taken.
        """


class DestinationError(Exception):
    """A destination did not take a record; the message says why."""


class Nowhere:
    """`Destinations` where there is no LocalStack."""

    async def send(self, arn: str, body: bytes, attributes: records.Attributes) -> None:  # noqa: ARG002
        raise DestinationError(f"{arn}: there is no LocalStack")


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Seconds between the attempts."""

    failed: tuple[float, ...] = (60.0, 120.0)
    """After the first and second attempt that failed."""
    throttled: tuple[float, float] = (1.0, 300.0)
    """After the first throttled attempt, doubling up to the second."""


class AsyncQueue:
    """The events of all functions that nobody waits for, until `stop`."""

    def __init__(self, waits: Waits) -> None:
        self.destinations: Destinations = Nowhere()
        self._waits = waits
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, pool: Pool, payload: bytes) -> None:
        """
        Raises:
            PayloadTooLargeError: the event exceeds 1 MB.
        """
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(len(payload), MAX_PAYLOAD, "Event")
        task = asyncio.get_running_loop().create_task(self._handle(pool, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Events that wait are lost."""
        for task in self._tasks:
            task.cancel()

    async def _handle(self, pool: Pool, payload: bytes) -> None:
        request_id = str(uuid.uuid4())
        with contextlib.suppress(StoppedError):
            outcome = await self._attempt(pool, payload, request_id)
            await self._report(pool, payload, outcome)

    async def _attempt(self, pool: Pool, payload: bytes, request_id: str) -> Outcome:
        """As often as the function's settings allow."""
        loop, settings = asyncio.get_running_loop(), pool.function.asynchronous
        expires = loop.time() + settings.max_age_s
        waits = iter(self._waits.failed[: settings.retry_attempts])
        throttled_s, longest_s = self._waits.throttled
        attempts, result = 0, None
        while loop.time() < expires:
            try:
                result = await pool.submit(payload, request_id=request_id).done
            except ThrottledError:
                wait_s = throttled_s * random.uniform(0.5, 1)  # noqa: S311
                throttled_s = min(2 * throttled_s, longest_s)
            else:
                attempts += 1
                if result.error is None:
                    return Outcome(request_id, "Success", attempts, result)
                after = next(waits, None)
                if after is None:
                    return Outcome(request_id, "RetriesExhausted", attempts, result)
                wait_s = after
            await asyncio.sleep(min(wait_s, max(0.0, expires - loop.time())))
        pool.metrics.add("AsyncEventsDropped", 1)
        return Outcome(request_id, "EventAgeExceeded", attempts, result)

    async def _report(self, pool: Pool, payload: bytes, outcome: Outcome) -> None:
        function, succeeded = pool.function, outcome.condition == "Success"
        settings = function.asynchronous
        arn = settings.on_success if succeeded else settings.on_failure
        if arn is not None:
            record = records.record(function.arn, payload, outcome)
            await self._send(pool, arn, record, {}, "DestinationDeliveryFailures")
        if function.dead_letter_arn is not None and not succeeded:
            attributes = records.dead_letter_attributes(outcome)
            await self._send(pool, function.dead_letter_arn, payload, attributes, "DeadLetterErrors")

    async def _send(self, pool: Pool, arn: str, body: bytes, attributes: records.Attributes, failures: str) -> None:
        try:
            await self.destinations.send(arn, body, attributes)
        except DestinationError as error:
            pool.metrics.add(failures, 1)
            pool.note(str(error))
