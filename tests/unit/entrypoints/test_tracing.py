"""Every entry point says for whom it works, and whether it has failed."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Asked
from natter.entrypoints.http import HttpApi
from natter.entrypoints.lazily import lazily
from natter.entrypoints.queue import queue_consumer
from natter.entrypoints.request import Request
from natter.entrypoints.stream import stream_consumer
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.telemetry import logger, tracer
from natter.telemetry.tracing import trace_id_of
from natter.wire.frames import OkFrame
from tests.http import HttpClient
from tests.identity import World
from tests.memory.logs import MemoryDeadLetters
from tests.messages import ANN, a_connection
from tests.sockets import ENDPOINT, REQUEST_ID, SocketClient
from tests.streams import Context, a_batch, a_queue_event, a_raw_record
from tests.unit.entrypoints.test_http import an_api

TRACE_ID = trace_id_of(REQUEST_ID)
CARRIED = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[list[dict[str, Any]]]:
    """What was exported by `lazily`."""
    exported: list[dict[str, Any]] = []

    def export(body: bytes) -> bool:
        (resource,) = json.loads(body)["resourceSpans"]
        exported.extend(resource["scopeSpans"][0]["spans"])
        return True

    tracer.configure(1.0, export)
    yield exported
    tracer.configure(0.0, None)


def names(spans: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """And whether they failed."""
    return [(each["name"], "status" in each) for each in spans]


def handled(handler: Any, event: Any) -> Any:
    return lazily(lambda: handler)(event, Context())


class TestAFrame:
    def test_is_a_trace_named_as_its_route(self, spans: list[dict[str, Any]]) -> None:
        asked: list[Asked] = []

        def handle(event: SocketEvent) -> OkFrame:
            asked.append(event.asked)
            return OkFrame(id="1")

        SocketClient(lambda event, _: handled(frame_route(handle, ENDPOINT), event), a_connection(ANN))({})
        assert names(spans) == [("send", False)]
        assert spans[0]["traceId"] == trace_id_of(asked[0].id) == TRACE_ID

    def test_that_fails_is_seen_in_it(self, spans: list[dict[str, Any]]) -> None:
        def handle(_: SocketEvent) -> None:
            raise Unavailable("the log")

        SocketClient(lambda event, _: handled(frame_route(handle, ENDPOINT), event), a_connection(ANN))({})
        assert names(spans) == [("send", True)]


def test_a_request_is_a_trace_named_as_its_route(spans: list[dict[str, Any]]) -> None:
    api: HttpApi = an_api(World())

    @api.get("/v1/things/<thing_id>", open_=True)
    def get(_: Request) -> None:
        return None

    HttpClient(lazily(lambda: api))("GET", "/v1/things/1")
    HttpClient(lazily(lambda: api))("GET", "/v1/nothing")
    assert names(spans) == [("GET /v1/things/{thing_id}", False), ("unknown", False)]


class TestABatch:
    def test_goes_on_with_the_traces_of_its_records(self, spans: list[dict[str, Any]]) -> None:
        seen: list[Any] = []
        consumer = stream_consumer(lambda _: seen.append(tracer.current), MemoryDeadLetters())
        handled(consumer, a_batch(a_raw_record(b"{}", trace=CARRIED), a_raw_record(b"{}", offset=1)))
        assert seen == [[TRACE_ID]]
        assert names(spans) == [("chat.commands.1", False), ("tested", False)]
        assert spans[0]["parentSpanId"] == "00f067aa0ba902b7"

    def test_that_is_given_back_has_failed(self, spans: list[dict[str, Any]]) -> None:
        def consume(_: object) -> None:
            raise Unavailable("the store")

        handled(stream_consumer(consume, MemoryDeadLetters()), a_batch(a_raw_record(b"{}", trace=CARRIED)))
        assert names(spans)[1] == ("tested", True)


class TestAMessage:
    def test_goes_on_with_its_traces_alone(self, spans: list[dict[str, Any]]) -> None:
        seen: list[Any] = []
        handled(queue_consumer(lambda _: seen.append(tracer.current)), a_queue_event("a", "b", trace=CARRIED))
        assert seen == [[TRACE_ID]] * 2
        assert names(spans) == [("waves", False), ("tested", False)] * 2

    def test_that_is_given_back_has_failed(self, spans: list[dict[str, Any]]) -> None:
        def consume(body: str) -> None:
            if body == "bad":
                raise KeyError(body)

        handled(queue_consumer(consume), a_queue_event("bad", "good", trace=CARRIED))
        assert [each for each in names(spans) if each[0] == "tested"] == [("tested", True), ("tested", False)]


def test_every_line_of_the_log_says_to_which_trace_it_belongs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says more, where that is sampled."""
    monkeypatch.setattr(logger.handlers[0], "stream", sys.stdout)

    def consume(_: object) -> None:
        logger.debug("in detail")

    handled(queue_consumer(consume), a_queue_event("a", trace=CARRIED))
    logger.debug("not any more")
    (line,) = [json.loads(each) for each in capsys.readouterr().out.splitlines() if '"level"' in each]
    assert (line["message"], line["trace"]) == ("in detail", TRACE_ID)
