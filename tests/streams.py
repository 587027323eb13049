"""Events of the event source mapping for MSK, as Lambda gets them."""

import base64
from dataclasses import dataclass
from typing import Any

from natter.names import COMMANDS_TOPIC
from natter.records.base import SCHEMA_HEADER, TRACE_HEADER
from natter.records.messages import COMMAND_SCHEMA
from tests.messages import NOON


def a_raw_record(
    value: bytes,
    *,
    offset: int = 0,
    partition: int = 0,
    key: bytes = b"lobby",
    schema: bytes | None = COMMAND_SCHEMA,
    at: int = NOON,
    topic: str = COMMANDS_TOPIC,
    trace: str = "",
) -> dict[str, Any]:
    """Header values are lists of signed bytes, as Java has them."""
    signed = None if schema is None else [byte - 256 if byte > 127 else byte for byte in schema]
    return {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": at,
        "timestampType": "LOG_APPEND_TIME",
        "key": base64.b64encode(key).decode(),
        "value": base64.b64encode(value).decode(),
        "headers": [
            *([] if signed is None else [{"other": [1, -1]}, {SCHEMA_HEADER: signed}]),
            *([{TRACE_HEADER: list(trace.encode())}] if trace else []),
        ],
    }


def a_batch(*records: dict[str, Any]) -> dict[str, Any]:
    """One list of records for each partition."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        lanes.setdefault(f"{record['topic']}-{record['partition']}", []).append(record)
    return {"eventSource": "aws:kafka", "bootstrapServers": "broker:9098", "records": lanes}


@dataclass(frozen=True)
class Context:
    """What a handler asks of an invocation's context."""

    left_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


def a_failure(offset: int, partition: int = 0) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": f"{COMMANDS_TOPIC}-{partition}", "offset": offset}}


def a_queue_event(*bodies: str, trace: str = "") -> dict[str, Any]:
    """Messages `message-0`, `message-1`, … of an SQS queue, all of one trace."""
    attributes = {TRACE_HEADER: {"stringValue": trace, "dataType": "String"}} if trace else {}
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "body": body,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:1:waves",
                "attributes": {"SentTimestamp": str(NOON)},
                "messageAttributes": attributes,
            }
            for number, body in enumerate(bodies)
        ]
    }
