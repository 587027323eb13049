import json
import logging
from typing import Any

import pytest

from natter.domain.errors import NotMember, RateLimited, Unavailable
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.names import FRAME_LIMIT_BYTES
from natter.telemetry import answered
from natter.wire.base import WireModel
from natter.wire.signals import PongFrame
from tests.measuring import Measured
from tests.messages import ANN, NOON, a_connection
from tests.sockets import ENDPOINT, REQUEST_ID, SocketClient, a_socket_event

PHONE = a_connection(ANN)


class Echo(WireModel):
    action: str
    words: str


def echo(event: SocketEvent) -> Echo:
    return event.parse(Echo)


def client(handle: Any) -> SocketClient:
    return SocketClient(frame_route(handle, ENDPOINT), PHONE)


def failing(error: Exception) -> SocketClient:
    def fail(_: SocketEvent) -> None:
        raise error

    return client(fail)


class TestSocketEvent:
    def test_says_whose_connection_it_is(self) -> None:
        event = SocketEvent(a_socket_event(PHONE), ENDPOINT)
        assert event.connection == PHONE
        assert event.request_id == REQUEST_ID

    def test_the_time_of_connecting_may_come_as_text(self) -> None:
        raw = a_socket_event(PHONE)
        raw["requestContext"]["connectedAt"] = str(NOON)
        assert SocketEvent(raw, ENDPOINT).connection == PHONE


class TestFrame:
    def test_a_frame_is_utf_8_both_ways(self) -> None:
        words = "grüße \U0001f98a"
        answer = frame_route(echo, ENDPOINT)(a_socket_event(PHONE, {"action": "echo", "words": words}), None)
        assert answer["statusCode"] == 200
        assert words in answer["body"]

    @pytest.mark.parametrize("body", ["", "{", "NaN", '"\\ud800"', '"\ud800"', "[" * 5000], ids=ascii)
    def test_what_is_no_json_is_refused(self, body: str) -> None:
        answer = client(echo)(body)
        assert (answer["type"], answer["code"], answer["detail"]) == (
            "error",
            "bad_request",
            "the body is not valid JSON",
        )

    def test_a_missing_body_is_no_json(self) -> None:
        answer = frame_route(echo, ENDPOINT)(a_socket_event(PHONE), None)
        assert json.loads(answer["body"])["code"] == "bad_request"

    @pytest.mark.parametrize("body", ["[]", "7", "null", '"text"', "true"])
    def test_what_is_no_object_is_refused(self, body: str) -> None:
        answer = client(echo)(body)
        assert (answer["code"], answer["detail"]) == ("bad_request", "a frame is a JSON object")

    @pytest.mark.parametrize(("surplus", "kind"), [(0, None), (1, "error")])
    def test_the_limit_counts_bytes(self, surplus: int, kind: str | None) -> None:
        bare = len(json.dumps({"action": "echo", "words": ""}))
        room = FRAME_LIMIT_BYTES - bare + surplus
        words = "\U0001f98a" * (room // 4) + "x" * (room % 4)
        answer = client(echo)(json.dumps({"action": "echo", "words": words}, ensure_ascii=False))
        assert answer.get("type") == kind
        if kind:
            assert answer["code"] == "too_large"

    def test_a_wrong_field_is_named(self) -> None:
        answer = client(echo)({"action": "echo", "id": "q", "conversation_id": "c", "client_id": "m1", "words": 5})
        assert answer == {
            "type": "error",
            "id": "q",
            "code": "bad_request",
            "detail": "words: Input should be a valid string",
            "conversation_id": "c",
            "client_ids": ["m1"],
        }


class TestAnswers:
    def test_an_answer_is_the_responses_body(self) -> None:
        assert client(lambda _: PongFrame(id="q", at=NOON))({}) == {"type": "pong", "id": "q", "at": NOON}

    def test_no_answer_is_no_body(self) -> None:
        """The gateway would send an empty one on."""
        assert frame_route(lambda _: None, ENDPOINT)(a_socket_event(PHONE, {}), None) == {"statusCode": 200}

    def test_a_refusal_is_a_frame_and_no_failure(self) -> None:
        """Else the gateway would answer in its own words."""
        assert failing(NotMember())({"id": "q"}) == {
            "type": "error",
            "id": "q",
            "code": "not_member",
            "detail": "not a member of this conversation",
        }
        assert failing(RateLimited(retry_after_ms=250))({})["retry_after_ms"] == 250

    def test_a_bug_is_told_by_the_id_under_which_it_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = failing(ValueError("of a secret"))({"id": "q"})
        assert (answer["id"], answer["code"], answer["detail"]) == ("q", "internal", REQUEST_ID)
        assert answer["retry_after_ms"] > 0
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert REQUEST_ID in record.getMessage()
        assert "ValueError" in record.getMessage()
        assert "secret" not in caplog.text

    def test_a_bug_before_the_frame_was_read_is_answered_all_the_same(self) -> None:
        answer = failing(ValueError())("{")
        assert (answer["code"], answer.get("id")) == ("internal", None)


class TestMeasuring:
    def test_answers_are_counted_by_route_and_code(self, measured: Measured) -> None:
        """An answer is a frame, and Lambda sees 200 all the same."""
        client(lambda _: None)({})
        assert measured()["Answers[ok, send]"] == [1]
        failing(NotMember())({})
        assert measured()["Answers[not_member, send]"] == [1]

    @pytest.mark.parametrize(
        ("error", "faults"), [(NotMember(), 0), (Unavailable("the log"), 1), (KeyError("a bug"), 1)], ids=repr
    )
    def test_what_is_our_fault_is_one(self, measured: Measured, error: Exception, faults: int) -> None:
        failing(error)({})
        assert measured()["Faults"] == [faults]

    def test_an_answer_takes_the_time_since_the_gateway_had_the_frame(
        self, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = a_socket_event(PHONE, {})
        monkeypatch.setattr(answered, "now_ms", lambda: event["requestContext"]["requestTimeEpoch"] + 7)
        frame_route(lambda _: None, ENDPOINT)(event, None)
        assert measured()["AnswerTime[send]"] == [7]
