"""Routes `ping` and `$default`: keeps a connection registered, and answers frames of no known action."""

from natter.bootstrap import signal as bootstrap
from natter.domain.errors import BadRequest, UnknownAction
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.settings import SignalSettings
from natter.usecases.ping import Ping
from natter.wire.frames import PingFrame, PongFrame


def build(ping: Ping, endpoint: str) -> LambdaHandler:
    def handle(event: SocketEvent) -> PongFrame | None:
        action = event.frame.get("action")
        if not isinstance(action, str):
            raise BadRequest("action: must be a string")
        if action != "ping":
            raise UnknownAction("action: not known")
        frame = event.parse(PingFrame)
        pong = ping(event.connection)
        return None if frame.id is None else PongFrame(id=frame.id, at=pong.at, sync=pong.sync or None)

    return frame_route(handle, endpoint)


def _made() -> LambdaHandler:
    settings = SignalSettings()
    return build(bootstrap.ping(settings), settings.sockets.endpoint)


lambda_handler = lazily(_made)
