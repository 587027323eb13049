"""
What all stream consumers share: a Kafka batch as in-order lanes, one for each partition, and what is given back.

Shape: Lambda developer guide, "Using Lambda with Amazon MSK". A lane that failed is given back record by record:
whether the service retries what is named or everything from the first of it, order is kept.
"""

import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from natter.domain.errors import Unavailable
from natter.entrypoints.faults import describe
from natter.wire.records import SCHEMA_HEADER

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


Lane = Sequence[StreamRecord]


def stream_consumer(consume: Callable[[Lane], None]) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """
    A handler that gives each lane to `consume`, as a whole.

    `Unavailable` gives the lane back: it may pass. Anything else does too, and is logged as the bug that it is:
    records are never dropped here; what can never be processed is for `consume` to set aside.
    """

    def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        given_back: list[dict[str, Any]] = []
        for lane in lanes(event):
            try:
                consume(lane)
            except Unavailable as error:
                _logger.warning("%s is given back: %s", _name(lane[0]), error)
                given_back.extend(map(_failure, lane))
            except Exception as error:  # noqa: BLE001 - nothing that is in the log may be dropped
                _logger.error("%s is given back\n%s", _name(lane[0]), describe(error))  # noqa: TRY400 - its text may quote a row
                given_back.extend(map(_failure, lane))
        return {"batchItemFailures": given_back}

    return handler


def lanes(event: Mapping[str, Any]) -> list[Lane]:
    return [[_record(raw) for raw in records] for records in event["records"].values() if records]


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
