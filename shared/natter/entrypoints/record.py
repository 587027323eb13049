"""Records of the log, as stream consumers get them."""

from collections.abc import Sequence
from dataclasses import dataclass


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
    trace: str = ""
    """Which traces it belongs to, as `natter.telemetry.tracing` carries them; older records do not say."""


type Batch = Sequence[StreamRecord]
"""Of each partition in it, the next records in their order."""
