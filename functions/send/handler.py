"""Routes `send`, `edit`, `delete` and `react`: one frame in, one `ack` out."""

from natter.bootstrap.engines import Engines
from natter.domain.errors import UnknownAction
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.names import COMMANDS_TOPIC
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
    engines = Engines(SendSettings())
    engines.warm(engines.valkey.warm, lambda: engines.producer.warm([COMMANDS_TOPIC]))
    send = Send(
        gate=engines.gate,
        attachments=engines.attachments,
        log=engines.commands,
        announce=engines.announce,
        check=engines.content_check,
    )
    return build(send, engines.endpoint)


lambda_handler = lazily(_made)
