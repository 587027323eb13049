"""What destinations get to know about an asynchronous invocation. No I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from local.runtime.worker import Result

type Attributes = Mapping[str, tuple[Literal["String", "Number"], str]]
"""Attributes of a message: name -> type and value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event has ended: `result` is that of the last attempt, None if there was none."""

    request_id: str
    condition: Literal["Success", "RetriesExhausted", "EventAgeExceeded"]
    attempts: int
    result: Result | None


def record(function_arn: str, payload: bytes, outcome: Outcome) -> bytes:
    """The invocation record for a destination on success or on failure."""
    document: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": f"{function_arn}:$LATEST",
            "condition": outcome.condition,
            "approximateInvokeCount": outcome.attempts,
        },
        "requestPayload": _value(payload),
    }
    if outcome.result is not None:
        failed = {"functionError": outcome.result.error} if outcome.result.error else {}
        document["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", **failed}
        document["responsePayload"] = _value(outcome.result.payload)
    return json.dumps(document, separators=(",", ":")).encode()


def dead_letter_attributes(outcome: Outcome) -> Attributes:
    """What goes with the event itself to a function's dead-letter queue or topic."""
    error = _value(outcome.result.payload) if outcome.result is not None else None
    message = error.get("errorMessage") if isinstance(error, Mapping) else None
    return {
        "RequestID": ("String", outcome.request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", str(message or outcome.condition)[:1024]),
    }


def _value(document: bytes) -> Any:
    try:
        return json.loads(document or b"null")
    except ValueError:
        return document.decode(errors="replace")
