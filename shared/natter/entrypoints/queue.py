"""
What all queue consumers share: SQS messages one by one, and which of them are given back.

Shape: Lambda developer guide, "Using Lambda with Amazon SQS". What is given back is seen again after the queue's
visibility timeout; what has been given back too often, the queue moves to its dead letters.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from natter.domain.errors import Unavailable
from natter.entrypoints.faults import describe
from natter.metrics import RECORDS_GIVEN_BACK
from natter.records.base import TRACE_HEADER
from natter.telemetry import recorder, tracer
from natter.telemetry.answered import now_ms

_logger = logging.getLogger(__name__)


def queue_consumer(consume: Callable[[str], None]) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """A handler that gives each message's body to `consume`, and gives back those that it raises for."""

    def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        given_back: list[dict[str, str]] = []
        for message in event["Records"]:
            with tracer.message(*_origin(message)) as work:
                work.failed = not is_done(message)
            if work.failed:
                given_back.append({"itemIdentifier": message["messageId"]})
        recorder.count(RECORDS_GIVEN_BACK, len(given_back))
        return {"batchItemFailures": given_back}

    def is_done(message: Mapping[str, Any]) -> bool:
        try:
            consume(message["body"])
        except Unavailable as error:
            _logger.warning("message %s is given back: %s", message["messageId"], error)
        except Exception as error:  # noqa: BLE001 - a message that fails must not take others with it
            _logger.error("message %s is given back\n%s", message["messageId"], describe(error))  # noqa: TRY400 - its text may quote a row
        else:
            return True
        return False

    return handler


def _origin(message: Mapping[str, Any]) -> tuple[str, str, int]:
    """The queue, the traces that the message belongs to, and since when it is there."""
    queue = message.get("eventSourceARN", "").rpartition(":")[2]
    carried = message.get("messageAttributes", {}).get(TRACE_HEADER, {}).get("stringValue", "")
    sent_at = message.get("attributes", {}).get("SentTimestamp")
    return queue, carried, now_ms() if sent_at is None else int(sent_at)
