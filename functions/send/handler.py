"""Route `send`: one frame in, one `ack` out."""

from natter.bootstrap import send as bootstrap
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.settings import SendSettings
from natter.usecases.send import Send
from natter.wire.frames import AckFrame, SendFrame


def build(send: Send, endpoint: str) -> LambdaHandler:
    def handle(event: SocketEvent) -> AckFrame:
        frame = event.parse(SendFrame)
        command = frame.command(event.connection.user_id, event.origin)
        return AckFrame.of(command, at=send(command), id=frame.id)

    return frame_route(handle, endpoint)


def _made() -> LambdaHandler:
    settings = SendSettings()
    return build(bootstrap.send(settings), settings.sockets.endpoint)


lambda_handler = lazily(_made)
