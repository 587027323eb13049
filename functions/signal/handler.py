"""
Routes of frames that leave nothing in the conversation: `ping`, `read`, `delivered`, `typing`; and `$default`, which
answers frames of no known action.
"""

from collections.abc import Callable, Mapping

from natter.bootstrap import signal as bootstrap
from natter.domain.errors import BadRequest, UnknownAction
from natter.domain.receipts import Receipt
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.settings import SignalSettings
from natter.wire.base import WireModel
from natter.wire.frames import PingFrame, PongFrame
from natter.wire.signals import DeliveredFrame, OkFrame, ReadFrame, TypingFrame


def build(parts: bootstrap.SignalParts, endpoint: str) -> LambdaHandler:
    def ping(event: SocketEvent) -> PongFrame | None:
        frame = event.parse(PingFrame)
        pong = parts.ping(event.connection)
        return None if frame.id is None else PongFrame(id=frame.id, at=pong.at, sync=pong.sync or None)

    def read(event: SocketEvent) -> OkFrame | None:
        frame = event.parse(ReadFrame)
        parts.note(
            Receipt(
                conversation_id=frame.conversation_id,
                user_id=event.connection.user_id,
                read_seq=frame.seq,
                connection_id=event.connection.connection_id,
            )
        )
        return _ok(frame.id)

    def delivered(event: SocketEvent) -> OkFrame | None:
        frame = event.parse(DeliveredFrame)
        parts.note(
            Receipt(
                conversation_id=frame.conversation_id,
                user_id=event.connection.user_id,
                delivered_seq=frame.seq,
                connection_id=event.connection.connection_id,
            )
        )
        return _ok(frame.id)

    def typing(event: SocketEvent) -> OkFrame | None:
        frame = event.parse(TypingFrame)
        parts.pass_on(event.connection.user_id, frame.conversation_id, frame.state)
        return _ok(frame.id)

    actions: Mapping[str, Callable[[SocketEvent], WireModel | None]] = {
        "ping": ping,
        "read": read,
        "delivered": delivered,
        "typing": typing,
    }

    def handle(event: SocketEvent) -> WireModel | None:
        action = event.frame.get("action")
        if not isinstance(action, str):
            raise BadRequest("action: must be a string")
        if action not in actions:
            raise UnknownAction("action: not known")
        return actions[action](event)

    return frame_route(handle, endpoint)


def _ok(request_id: str | None) -> OkFrame | None:
    return None if request_id is None else OkFrame(id=request_id)


def _made() -> LambdaHandler:
    settings = SignalSettings()
    return build(bootstrap.signal(settings), settings.sockets.endpoint)


lambda_handler = lazily(_made)
