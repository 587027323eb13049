"""Which traces are kept, and how they are found."""

import json
from typing import Any

import pytest

from local.traces.kept import MOST_SPANS, MOST_TRACES, Kept


def an_export(*spans: tuple[str, str], service: str = "shop", **more: Any) -> bytes:
    """As an SDK of OpenTelemetry writes it; of each span trace and name."""
    written = [
        {
            "traceId": trace_id,
            "spanId": f"{number:016x}",
            "name": name,
            "kind": 2,
            "startTimeUnixNano": "1767268800000000000",
            "endTimeUnixNano": "1767268800000000001",
            "attributes": [{"key": "order_id", "value": {"stringValue": f"order of {trace_id}"}}],
            **more,
        }
        for number, (trace_id, name) in enumerate(spans)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": written}]}]}).encode()


def ids(traces: list[dict[str, Any]]) -> list[str]:
    return [trace["id"] for trace in traces]


class TestKept:
    def test_a_trace_is_what_several_functions_tell_of_it(self) -> None:
        kept = Kept()
        kept.add(an_export(("a", "order")))
        kept.add(an_export(("a", "pay"), service="bank", parentSpanId="0000000000000000", status={"code": 2}))
        ((order, pay),) = [trace["spans"] for trace in kept.last(1)]
        assert (order["service"], order["parent_id"], order["failed"]) == ("shop", None, False)
        assert (pay["service"], pay["parent_id"], pay["failed"]) == ("bank", "0000000000000000", True)
        assert order["attributes"] == {"order_id": "order of a"}

    def test_the_last_come_last(self) -> None:
        kept = Kept()
        for trace in "abca":
            kept.add(an_export((trace, "order")))
        assert ids(kept.last(2)) == ["c", "a"]
        assert ids(kept.last(9)) == ["b", "c", "a"]

    @pytest.mark.parametrize("about", ["abcd", "abcdef", "order of abcdef", "pay", "bank"])
    def test_one_is_found_by_what_stands_in_it(self, about: str) -> None:
        kept = Kept()
        kept.add(an_export(("abcdef", "pay"), service="bank"))
        kept.add(an_export(("bcdefa", "order")))
        assert ids(kept.last(9, about)) == ["abcdef"]

    def test_there_is_room_for_some(self) -> None:
        kept = Kept()
        kept.add(an_export(*[("a", "order")] * (MOST_SPANS + 1)))
        assert len(kept.last(1)[0]["spans"]) == MOST_SPANS
        for number in range(MOST_TRACES):
            kept.add(an_export((f"b{number}", "order")))
        assert "a" not in ids(kept.last(MOST_TRACES + 1))

    @pytest.mark.parametrize("request_", [b"", b"[]", b"{}", b"{", b'{"resourceSpans": [{"scopeSpans": [{}]}]}'])
    def test_what_is_no_export_is_refused(self, request_: bytes) -> None:
        with pytest.raises(ValueError, match="no export"):
            Kept().add(request_)
