"""
Spans as OpenTelemetry has them, and how OTLP writes them in JSON.

Shape: opentelemetry-proto, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit integers as text. Decision 31 says why
this is not the SDK.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any

from pydantic_core import to_json

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
"""`SpanKind`."""
_ERROR = 2
"""`StatusCode`."""

type Attributes = Mapping[str, str | int]


def service() -> str:
    """The function that this is."""
    return os.environ["POWERTOOLS_SERVICE_NAME"]


def new_id() -> str:
    """Of a span."""
    return f"{getrandbits(64) or 1:016x}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    trace_id: str
    span_id: str = field(default_factory=new_id)
    parent_id: str
    """Empty: it is the first of its trace."""
    name: str
    kind: int
    began: int
    ended: int
    """Nanoseconds since the epoch."""
    attributes: Attributes = field(default_factory=dict)
    failed: bool = False


def payload(spans: Sequence[Span]) -> bytes:
    """An `ExportTraceServiceRequest` of one function's spans."""
    resource = {"service.name": service(), "deployment.environment.name": os.environ.get("NATTER_STAGE", "")}
    scope = {"scope": {"name": "natter"}, "spans": [_span(each) for each in spans]}
    return to_json({"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope]}]})


def _span(span: Span) -> Mapping[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({"parentSpanId": span.parent_id} if span.parent_id else {}),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(max(span.began, span.ended)),
        "attributes": _attributes(span.attributes),
        **({"status": {"code": _ERROR}} if span.failed else {}),
    }


def _attributes(attributes: Attributes) -> list[Mapping[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in attributes.items()
    ]
