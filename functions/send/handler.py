"""Routes `send`, `edit`, `delete` and `react`: one frame in, one `ack` out."""

from natter.bootstrap.engines import Engines
from natter.domain.errors import NatterError, Overloaded
from natter.domain.limits import COMMANDS
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.names import COMMANDS_TOPIC
from natter.ports.gate import Gate
from natter.settings import SendSettings
from natter.telemetry import logger
from natter.telemetry.answered import record_accepted, record_overload
from natter.usecases.accounts.closing_gate import ClosingGate
from natter.usecases.messages.send import Send
from natter.wire.messages import COMMAND_FRAMES, AckFrame


def build(send: Send, gate: Gate, endpoint: str) -> LambdaHandler:
    def handle(event: SocketEvent) -> AckFrame:
        try:
            frame = event.parse_by_action(COMMAND_FRAMES)
            command = frame.command(event.connection, event.asked)
        except NatterError:
            gate.admit(event.connection, COMMANDS)  # what asks for nothing that there is counts, too
            raise
        try:
            at = send(command)
        except Overloaded:
            record_overload(len(command.items))
            raise
        record_accepted(event.asked.at)
        logger.debug(
            "accepted", extra={"request_id": event.request_id, "conversation_id": command.conversation_id, "at": at}
        )
        return AckFrame.of(command, at=at, id=frame.id)

    return frame_route(handle, endpoint)


def _made() -> LambdaHandler:
    """The message store is connected to at the first file that is not there: hardly ever."""
    engines = Engines(SendSettings())
    engines.warm(engines.valkey.warm, lambda: engines.producer.warm([COMMANDS_TOPIC]))
    gate = ClosingGate(gate=engines.gate, close=engines.close_connections)
    send = Send(
        gate=gate,
        attachments=engines.attachments,
        log=engines.commands,
        backlogs=engines.backlogs,
        announce=engines.announce,
        timeline=engines.timeline,
        now_ms=engines.now_ms,
        check=engines.content_check,
    )
    return build(send, gate, engines.endpoint)


lambda_handler = lazily(_made)
