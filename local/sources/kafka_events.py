"""The event with which Lambda invokes a function for Amazon MSK. No I/O."""

import base64
import json
from collections.abc import Sequence

from .batches import Record


def event(records: Sequence[Record], *, source_arn: str, bootstrap: str) -> bytes:
    """The event for `records`, at least one, all of one partition."""
    first = records[0]
    document = {
        "eventSource": "aws:kafka",
        "eventSourceArn": source_arn,
        "bootstrapServers": bootstrap,
        "records": {f"{first.topic}-{first.partition}": [_record(record) for record in records]},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _record(record: Record) -> dict[str, object]:
    fields: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp_ms,
        "timestampType": record.timestamp_type,
        "headers": [{name: list(value)} for name, value in record.headers],
    }
    if record.key is not None:
        fields["key"] = base64.b64encode(record.key).decode()
    if record.value is not None:
        fields["value"] = base64.b64encode(record.value).decode()
    return fields
