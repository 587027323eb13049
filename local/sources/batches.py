"""
A partition's records on their way through a function: which batch comes next, and what a failure means. No I/O.

An invocation may take a batch of each of several partitions.

One batch at a time: `next_batch`, then `finish` with the place of the first record that failed. What is not
finished stays at the head of the line, so order within the partition holds through all retries.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from local.model import KafkaSource

MAX_EVENT = 6 * 1024 * 1024
"""Bytes of an invocation's payload."""
RECORD_OVERHEAD = 256
"""Bytes of an event that a record takes beside its key, value and headers."""
RETRIES_WITH_DESTINATION = 10
"""What "without end" means on AWS as soon as there is an on-failure destination."""


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    timestamp_type: str
    """`CREATE_TIME` or `LOG_APPEND_TIME`."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def event_size(self) -> int:
        """About how many bytes of an event the record takes: base64 makes 4 of 3, a header's bytes are numbers."""
        content = len(self.key or b"") + len(self.value or b"")
        return RECORD_OVERHEAD + content * 4 // 3 + sum(len(name) + 4 * len(value) for name, value in self.headers)


@dataclass(slots=True)
class Batch:
    """Records of one partition in one invocation, with the number of times exactly they have failed."""

    records: list[Record]
    failures: int = 0

    @property
    def event_size(self) -> int:
        return sum(record.event_size for record in self.records)


@dataclass(slots=True)
class Outcome:
    """What follows from an attempt."""

    discarded: list[Record] = field(default_factory=list)
    """Given up: they go to the on-failure destination."""
    retry: bool = False
    """Whether to wait before the next batch."""


class Lane:
    """One partition of a source."""

    def __init__(self, source: KafkaSource, position: int) -> None:
        self.position = position
        """Every record below this offset is done with: what to commit."""
        self._source = source
        self._arrived: deque[Record] = deque()
        self._again: deque[Batch] = deque()
        self._retries = source.retry_attempts
        if self._retries < 0 and source.on_failure is not None:
            self._retries = RETRIES_WITH_DESTINATION

    def add(self, record: Record) -> None:
        self._arrived.append(record)

    @property
    def waiting(self) -> int:
        """Records that are not done with."""
        return len(self._arrived) + sum(len(batch.records) for batch in self._again)

    @property
    def failed(self) -> bool:
        """Whether the next batch has failed before."""
        return bool(self._again)

    @property
    def full(self) -> bool:
        """Whether the batching window need not be waited for."""
        return bool(self._again) or len(self._arrived) >= self._source.batch_size

    def expired(self, now_ms: float) -> list[Record]:
        """Take out what is older than the source's record age; only between batches."""
        age_s = self._source.max_record_age_s
        if age_s < 0:
            return []
        oldest_ms = now_ms - age_s * 1000
        expired: list[Record] = []
        while self._again and self._again[0].records[0].timestamp_ms < oldest_ms:
            batch = self._again[0]
            expired.append(batch.records.pop(0))
            if not batch.records:
                self._again.popleft()
        while not self._again and self._arrived and self._arrived[0].timestamp_ms < oldest_ms:
            expired.append(self._arrived.popleft())
        return expired

    def next_batch(self, *, records: int | None = None, size: int = MAX_EVENT) -> Batch | None:
        """
        What to invoke the function with now, if anything waits: what has failed as it was, else what fits into
        `records` (the source's batch size) and `size` bytes. The first record of a line fits always.
        """
        if self._again:
            return self._again[0]
        if not self._arrived:
            return None
        most = self._source.batch_size if records is None else records
        taken = [self._arrived.popleft()]
        size -= taken[0].event_size
        while self._arrived and len(taken) < most:
            size -= self._arrived[0].event_size
            if size < 0:
                break
            taken.append(self._arrived.popleft())
        self._again.append(Batch(taken))
        return self._again[0]

    def finish(self, failed: int) -> Outcome:
        """
        End the attempt of the batch at the head of the line.

        `failed` is the index of the first record that failed, the batch's length if none did.
        """
        batch = self._again.popleft()
        rest = batch.records[failed:]
        if not rest:
            self.passed(batch.records)
            return Outcome()
        if failed:
            self.passed(batch.records[:failed])
            self._again.appendleft(Batch(rest, failures=1))
            return Outcome(retry=True)
        if self._source.bisect_on_error and len(rest) > 1:  # does not count as a retry
            middle = len(rest) // 2
            self._again.extendleft((Batch(rest[middle:]), Batch(rest[:middle])))
            return Outcome(retry=True)
        if 0 <= self._retries <= batch.failures:
            return Outcome(discarded=rest)
        self._again.appendleft(Batch(rest, failures=batch.failures + 1))
        return Outcome(retry=True)

    def passed(self, records: Sequence[Record]) -> None:
        """Count `records` (the lowest that were not done with) as done."""
        self.position = records[-1].offset + 1


def first_failed(batches: Sequence[Sequence[Record]], answer: bytes, *, partial: bool) -> list[int]:
    """
    For each of an invocation's `batches`, the index of the first record that a function's (successful) answer
    reports as failed; their number if none.

    The answer is read only if the source reports item failures: `{"batchItemFailures": [{"itemIdentifier":
    {"partition": "TOPIC-PARTITION", "offset": OFFSET}}]}`. An identifier that is malformed or of no record in the
    invocation fails all of it, as AWS has it for streams.
    """
    firsts = [len(records) for records in batches]
    if not partial:
        return firsts
    try:
        reported = json.loads(answer or b"null")
        failures = (reported or {}).get("batchItemFailures") or []
        places = {
            (f"{record.topic}-{record.partition}", record.offset): (batch, index)
            for batch, records in enumerate(batches)
            for index, record in enumerate(records)
        }
        for identifier in [failure["itemIdentifier"] for failure in failures]:
            batch, index = places[identifier["partition"], identifier["offset"]]
            firsts[batch] = min(firsts[batch], index)
    except (ValueError, TypeError, KeyError, AttributeError):
        return [0] * len(batches)
    return firsts
