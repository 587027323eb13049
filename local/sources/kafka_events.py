"""The event with which Lambda invokes a function for Amazon MSK. No I/O."""

import base64
import json
from collections.abc import Sequence

from .batches import Record


def event(batches: Sequence[Sequence[Record]], *, source_arn: str, bootstrap: str) -> bytes:
    """The event for `batches`, each of another partition and of at least one record."""
    document = {
        "eventSource": "aws:kafka",
        "eventSourceArn": source_arn,
        "bootstrapServers": bootstrap,
        "records": {
            f"{records[0].topic}-{records[0].partition}": [_record(record) for record in records] for records in batches
        },
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
