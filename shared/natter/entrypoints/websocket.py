"""
What all WebSocket routes share: the event as values, answers as frames, errors as `error` frames.

The body of an answer reaches the client through the route's response.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from natter.domain.connections import Connection
from natter.domain.errors import BadRequest, Internal, NatterError, TooLarge, UnknownAction
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.domain.messages.commands import Asked
from natter.entrypoints.faults import describe
from natter.names import FRAME_LIMIT_BYTES
from natter.telemetry import tracer
from natter.telemetry.answered import record_answer
from natter.wire.base import WireModel, parse, parse_json
from natter.wire.frames import ErrorFrame

_logger = logging.getLogger(__name__)

RETRY_INTERNAL_MS = 1000
_SUBPROTOCOLS = "sec-websocket-protocol"


@dataclass(frozen=True)
class SocketEvent:
    """
    An event of the WebSocket API, as its routes see it.

    Shape: developer guide of API Gateway, "Integration request for WebSocket APIs"; the authorizer's context comes
    with every event of the connection.
    """

    event: Mapping[str, Any]
    endpoint: str
    """Management endpoint of the API."""

    @property
    def request_id(self) -> str:
        return str(self.event["requestContext"]["requestId"])

    @property
    def route(self) -> str:
        """By which the API has called: one of its own, whatever the client says."""
        return str(self.event["requestContext"]["routeKey"])

    @property
    def asked(self) -> Asked:
        context = self.event["requestContext"]
        return Asked(id=self.request_id, at=int(context["requestTimeEpoch"]))

    @cached_property
    def connection(self) -> Connection:
        context = self.event["requestContext"]
        principal = context["authorizer"]
        return Connection(
            user_id=UserId(principal["user_id"]),
            device_id=DeviceId(principal["device_id"]),
            session_id=SessionId(principal["session_id"]),
            connection_id=ConnectionId(context["connectionId"]),
            endpoint=self.endpoint,
            connected_at=int(context["connectedAt"]),
        )

    @property
    def subprotocols(self) -> list[str]:
        """What the client offers, of `$connect`."""
        headers: Mapping[str, Sequence[str]] = self.event.get("multiValueHeaders") or {}
        offers = [each for name, values in headers.items() if name.lower() == _SUBPROTOCOLS for each in values]
        return [name.strip() for offer in offers for name in offer.split(",")]

    @cached_property
    def frame(self) -> Any:
        """
        The frame as a JSON value.

        Raises:
            TooLarge: it came in several pieces and is over the limit of one.
            BadRequest: it is not JSON.
        """
        body = self.event.get("body") or ""
        encoded = body.encode(errors="surrogatepass")
        if len(encoded) > FRAME_LIMIT_BYTES:
            raise TooLarge(f"the message is over {FRAME_LIMIT_BYTES} bytes")
        frame = parse_json(encoded)
        if not isinstance(frame, dict):
            raise BadRequest("a frame is a JSON object")
        return frame

    def parse[Model: WireModel](self, model: type[Model]) -> Model:
        """
        The frame as `model`.

        Raises:
            TooLarge, BadRequest: it is not; `detail` names the field.
        """
        return parse(model, self.frame)

    def parse_by_action[Model: WireModel](self, models: Mapping[str, type[Model]]) -> Model:
        """
        The frame as the model of its action.

        Raises:
            UnknownAction: it is none of these.
            TooLarge, BadRequest: it is no frame, or not as its model; `detail` names the field.
        """
        action = self.frame.get("action")
        if not isinstance(action, str):
            raise BadRequest("action: must be a string")
        if action not in models:
            raise UnknownAction("action: not known")
        return self.parse(models[action])


def frame_route(
    handle: Callable[[SocketEvent], WireModel | None], endpoint: str
) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """A handler that answers with a frame, or not at all; whatever goes wrong becomes an `error` frame."""

    def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        route = SocketEvent(event, endpoint)
        with tracer.request(route.route, route.request_id, route.asked.at):
            answer = answered(route)
        return {"statusCode": 200} if answer is None else {"statusCode": 200, "body": answer.to_json().decode()}

    def answered(route: SocketEvent) -> WireModel | None:
        refused: NatterError | None = None
        answer: WireModel | None = None
        try:
            answer = handle(route)
        except NatterError as error:
            refused = error
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            _logger.error("request %s failed\n%s", route.request_id, describe(error))  # noqa: TRY400 - its text may quote a row
            refused = Internal(route.request_id, retry_after_ms=RETRY_INTERNAL_MS)
        if refused is not None:
            answer = _refused(route, refused)
        record_answer(route.route, route.asked.at, refused)
        return answer

    return handler


def _refused(route: SocketEvent, error: NatterError) -> ErrorFrame:
    try:
        frame = route.frame
    except NatterError:  # it is this that is answered
        frame = None
    return ErrorFrame.of(error, frame)
