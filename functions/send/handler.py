"""Routes `send`, `edit`, `delete` and `react`: one frame in, one `ack` out."""

from natter.bootstrap import send as bootstrap
from natter.domain.errors import UnknownAction
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.settings import SendSettings
from natter.usecases.messages.send import Send
from natter.wire.messages import COMMAND_FRAMES, AckFrame


def build(send: Send, endpoint: str) -> LambdaHandler:
    def handle(event: SocketEvent) -> AckFrame:
        model = COMMAND_FRAMES.get(str(event.frame.get("action")))
        if model is None:
            raise UnknownAction("action: not known")
        frame = event.parse(model)
        command = frame.command(event.connection)
        return AckFrame.of(command, at=send(command), id=frame.id)

    return frame_route(handle, endpoint)


def _made() -> LambdaHandler:
    settings = SendSettings()
    return build(bootstrap.send(settings), settings.sockets.endpoint)


lambda_handler = lazily(_made)
