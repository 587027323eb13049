"""
What all stream consumers share: a Kafka batch, which may be of several partitions, and what of it is given back.

Shape: Lambda developer guide, "Using Lambda with Amazon MSK". A partition's records that failed are given back one
by one: whether the service retries what is named or everything from the first of it, order is kept.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from natter.domain.errors import Unavailable
from natter.entrypoints.isolation import Isolation
from natter.entrypoints.record import Batch, StreamRecord
from natter.entrypoints.records import set_aside
from natter.metrics import RECORDS_GIVEN_BACK
from natter.ports.operations import DeadLetters
from natter.records.base import SCHEMA_HEADER, TRACE_HEADER
from natter.telemetry import recorder, tracer
from natter.telemetry.answered import record_lag

ALONE_MS = 10_000
"""How much of the invocation's time must be left to try another piece of a batch."""


def stream_consumer(
    consume: Callable[[Batch], None],
    dead: DeadLetters,
    *,
    give_up: Callable[[StreamRecord, Unavailable], bool] = lambda _record, _error: False,
    void: Callable[[StreamRecord, Sequence[StreamRecord]], None] = lambda _record, _followers: None,
) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """
    A handler that gives the whole event to `consume`; if that fails, each partition alone, so that what is wrong
    with one is in the way of no other; and of a partition, as little as it takes to find the record at fault.

    `Unavailable` gives records back: it may pass. Whatever else `consume` raises is the fault of a record, which is
    set aside in `chat.dead`; then `void` lets it never have happened: it is given the records behind it, too, which
    may have been tried with it.
    """

    def keep(record: StreamRecord, error: Exception, followers: Sequence[StreamRecord]) -> None:
        set_aside(record, error, dead)
        void(record, followers)

    isolation = Isolation(consume=consume, set_aside=keep, give_up=give_up)

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        batch = [_record(raw) for records in event["records"].values() for raw in records]
        if not batch:
            return {"batchItemFailures": []}
        record_lag(min(record.at for record in batch))
        carried = ((record.key.decode(errors="replace"), record.trace, record.at) for record in batch)
        with tracer.batch(batch[0].topic, carried) as work:
            given_back = isolation(batch, lambda: bool(context.get_remaining_time_in_millis() > ALONE_MS))
            work.failed = bool(given_back)
        recorder.count(RECORDS_GIVEN_BACK, len(given_back))
        return {"batchItemFailures": [_failure(record) for record in given_back]}

    return handler


def _record(raw: Mapping[str, Any]) -> StreamRecord:
    return StreamRecord(
        topic=raw["topic"],
        partition=raw["partition"],
        offset=raw["offset"],
        at=raw["timestamp"],
        key=base64.b64decode(raw.get("key") or ""),
        value=base64.b64decode(raw.get("value") or ""),
        schema=_header(raw.get("headers") or (), SCHEMA_HEADER),
        trace=(_header(raw.get("headers") or (), TRACE_HEADER) or b"").decode("ascii", "replace"),
    )


def _header(headers: Sequence[Mapping[str, Sequence[int]]], name: str) -> bytes | None:
    """Header values come as signed bytes."""
    for header in headers:
        if name in header:
            return bytes(byte & 0xFF for byte in header[name])
    return None


def _failure(record: StreamRecord) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": _name(record), "offset": record.offset}}


def _name(record: StreamRecord) -> str:
    return f"{record.topic}-{record.partition}"
