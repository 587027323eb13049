"""
What all stream consumers share: a Kafka batch, which may be of several partitions, and what of it is given back.

Shape: Lambda developer guide, "Using Lambda with Amazon MSK". A partition's records that failed are given back one
by one: whether the service retries what is named or everything from the first of it, order is kept.
"""

import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from natter.domain.errors import Unavailable
from natter.entrypoints.faults import describe
from natter.records.base import SCHEMA_HEADER

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamRecord:
    """A record as it lies in the log."""

    topic: str
    partition: int
    offset: int
    at: int
    """The log's timestamp, milliseconds."""
    key: bytes
    value: bytes
    schema: bytes | None


Batch = Sequence[StreamRecord]
"""Of each partition in it, the next records in their order."""

ALONE_MS = 10_000
"""How much of the invocation's time must be left to try a partition alone."""


def stream_consumer(consume: Callable[[Batch], None]) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """
    A handler that gives the whole event to `consume`; if that fails, each partition alone, so that what is wrong
    with one is in the way of no other.

    `Unavailable` gives a partition's records back: it may pass. Anything else does too, and is logged as the bug
    that it is: records are never dropped here; what can never be processed is for `consume` to set aside.
    """

    def given_back(batch: Batch, *, alone: bool) -> list[dict[str, Any]]:
        try:
            consume(batch)
        except Unavailable as error:
            if alone:
                _logger.warning("%s is given back: %s", _name(batch[0]), error)
        except Exception as error:  # noqa: BLE001 - nothing that is in the log may be dropped
            if alone:
                _logger.error("%s is given back\n%s", _name(batch[0]), describe(error))  # noqa: TRY400 - its text may quote a row
        else:
            return []
        return [_failure(record) for record in batch]

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        lanes = [[_record(raw) for raw in records] for records in event["records"].values() if records]
        together = [record for lane in lanes for record in lane]
        failures = given_back(together, alone=len(lanes) == 1) if lanes else []
        if failures and len(lanes) > 1:
            failures = []
            for lane in lanes:
                has_time = context.get_remaining_time_in_millis() > ALONE_MS
                failures += given_back(lane, alone=True) if has_time else map(_failure, lane)
        return {"batchItemFailures": failures}

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
