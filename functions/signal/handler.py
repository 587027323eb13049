"""
Routes of frames that leave nothing in the conversation: `ping`, `read`, `delivered`, `typing`, `watch`, `status`; and
`$default`, which answers frames of no known action.
"""

from typing import assert_never

from natter.bootstrap import signal as bootstrap
from natter.domain.connections import Connection
from natter.domain.errors import BadRequest, NatterError, UnknownAction
from natter.domain.limits import SIGNALS, Bucket
from natter.domain.receipts import Receipt
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.settings import SignalSettings
from natter.wire.base import WireModel
from natter.wire.frames import OkFrame
from natter.wire.presence import PresenceFrame, StatusFrame, WatchFrame
from natter.wire.receipts import DeliveredFrame, ReadFrame
from natter.wire.signals import SIGNAL_FRAMES, PingFrame, PongFrame, TypingFrame


def build(parts: bootstrap.SignalParts, endpoint: str) -> LambdaHandler:
    def handle(event: SocketEvent) -> WireModel | None:
        parts.admit(event.connection, _bucket(event))
        action = event.frame.get("action")
        if not isinstance(action, str):
            raise BadRequest("action: must be a string")
        if action not in SIGNAL_FRAMES:
            raise UnknownAction("action: not known")
        frame = event.parse(SIGNAL_FRAMES[action])
        match frame:
            case PingFrame():
                pong = parts.ping(event.connection)
                return None if frame.id is None else PongFrame(id=frame.id, at=pong.at, sync=pong.sync or None)
            case ReadFrame() | DeliveredFrame():
                parts.note(_receipt(frame, event.connection))
            case TypingFrame():
                parts.pass_on(event.connection.user_id, frame.conversation_id, frame.state)
            case WatchFrame():
                return PresenceFrame.of(parts.watch(event.connection, frame.user_ids), id_=frame.id)
            case StatusFrame():
                parts.say(event.connection, frame.state)
            case _:
                assert_never(frame)
        return None if frame.id is None else OkFrame(id=frame.id)

    return frame_route(handle, endpoint)


def _bucket(event: SocketEvent) -> Bucket | None:
    """Whatever it is, it counts; but for typing, which has a limit of its own in each conversation."""
    try:
        return None if event.frame.get("action") == "typing" else SIGNALS
    except NatterError:  # no frame at all: that is said after it was counted
        return SIGNALS


def _receipt(frame: ReadFrame | DeliveredFrame, connection: Connection) -> Receipt:
    return Receipt(
        conversation_id=frame.conversation_id,
        user_id=connection.user_id,
        read_seq=frame.seq if isinstance(frame, ReadFrame) else 0,
        delivered_seq=frame.seq if isinstance(frame, DeliveredFrame) else 0,
        connection_id=connection.connection_id,
    )


def _made() -> LambdaHandler:
    settings = SignalSettings()
    return build(bootstrap.signal(settings), settings.sockets.endpoint)


lambda_handler = lazily(_made)
