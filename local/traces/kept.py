"""The traces that came last, as far as there is room. No I/O."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST_TRACES = 500
MOST_SPANS = 1_000
"""Of one trace."""
_ERROR = 2


@dataclass(frozen=True)
class Span:
    id: str
    parent_id: str | None
    service: str
    name: str
    began_ns: int
    ended_ns: int
    failed: bool
    attributes: Mapping[str, Any]


class Kept:
    """Spans by trace; the trace that has waited longest for another one goes first."""

    def __init__(self) -> None:
        self._traces: OrderedDict[str, list[Span]] = OrderedDict()

    def add(self, request: bytes) -> None:
        """
        Those of an `ExportTraceServiceRequest`.

        Raises:
            ValueError: it is none.
        """
        try:
            found = list(_spans(json.loads(request)))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no export of traces: {error!r}") from error
        for trace_id, span in found:
            spans = self._traces.setdefault(trace_id, [])
            self._traces.move_to_end(trace_id)
            if len(spans) < MOST_SPANS:
                spans.append(span)
        while len(self._traces) > MOST_TRACES:
            self._traces.popitem(last=False)

    def last(self, most: int, about: str = "") -> list[dict[str, Any]]:
        """The latest, oldest of them first, as JSON has it; those in which `about` is a name, or the value of one."""
        chosen = [
            (trace_id, spans) for trace_id, spans in reversed(self._traces.items()) if _is_about(about, trace_id, spans)
        ][:most]
        return [{"id": trace_id, "spans": [asdict(each) for each in spans]} for trace_id, spans in reversed(chosen)]


def _is_about(text: str, trace_id: str, spans: Sequence[Span]) -> bool:
    if not text or trace_id.startswith(text):
        return True
    return any(text in (each.name, each.service, *map(str, each.attributes.values())) for each in spans)


def _spans(request: Mapping[str, Any]) -> Iterator[tuple[str, Span]]:
    for resource in request["resourceSpans"]:
        service = _values(resource.get("resource", {})).get("service.name", "")
        for scope in resource["scopeSpans"]:
            for each in scope["spans"]:
                yield (
                    each["traceId"],
                    Span(
                        id=each["spanId"],
                        parent_id=each.get("parentSpanId") or None,
                        service=service,
                        name=each["name"],
                        began_ns=int(each["startTimeUnixNano"]),
                        ended_ns=int(each["endTimeUnixNano"]),
                        failed=each.get("status", {}).get("code") == _ERROR,
                        attributes=_values(each),
                    ),
                )


def _values(described: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes; each value is stated with its type."""
    return {each["key"]: next(iter(each["value"].values()), None) for each in described.get("attributes", ())}
