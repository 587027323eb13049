"""
Routes of frames that leave nothing in the conversation: `ping`, `read`, `delivered`, `typing`, `watch`, `status`; and
`$default`, which answers frames of no known action.
"""

from typing import assert_never

from natter.bootstrap.engines import Engines
from natter.domain.connections import Connection
from natter.domain.errors import NatterError
from natter.domain.limits import SIGNALS
from natter.domain.receipts import Receipt
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.names import CONNECTIONS_TOPIC, RECEIPTS_TOPIC
from natter.ports.gate import Gate
from natter.settings import SignalSettings
from natter.usecases.accounts.closing_gate import ClosingGate
from natter.usecases.presence.say_status import SayStatus
from natter.usecases.presence.watch import Watch
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.signals.pass_on_typing import PassOnTyping
from natter.usecases.signals.ping import Ping
from natter.wire.base import WireModel
from natter.wire.frames import OkFrame
from natter.wire.presence import PresenceFrame, StatusFrame, WatchFrame
from natter.wire.receipts import DeliveredFrame, ReadFrame
from natter.wire.signals import SIGNAL_FRAMES, PingFrame, PongFrame, SignalFrame, TypingFrame


def build(
    *,
    gate: Gate,
    ping: Ping,
    note: NoteReceipt,
    pass_on: PassOnTyping,
    watch: Watch,
    say: SayStatus,
    endpoint: str,
) -> LambdaHandler:
    def admitted(event: SocketEvent) -> SignalFrame:
        """Whatever it is, it counts; but for typing, which has limits of its own."""
        try:
            frame = event.parse_by_action(SIGNAL_FRAMES)
        except NatterError:
            gate.admit(event.connection, SIGNALS)
            raise
        gate.admit(event.connection, None if isinstance(frame, TypingFrame) else SIGNALS)
        return frame

    def handle(event: SocketEvent) -> WireModel | None:
        frame = admitted(event)
        match frame:
            case PingFrame():
                pong = ping(event.connection)
                return None if frame.id is None else PongFrame(id=frame.id, at=pong.at, sync=pong.sync or None)
            case ReadFrame() | DeliveredFrame():
                note(_receipt(frame, event.connection))
            case TypingFrame():
                pass_on(event.connection.user_id, frame.conversation_id, frame.state)
            case WatchFrame():
                return PresenceFrame.of(watch(event.connection, frame.user_ids), id_=frame.id)
            case StatusFrame():
                say(event.connection, frame.state)
            case _:
                assert_never(frame)
        return None if frame.id is None else OkFrame(id=frame.id)

    return frame_route(handle, endpoint)


def _receipt(frame: ReadFrame | DeliveredFrame, connection: Connection) -> Receipt:
    return Receipt(
        conversation_id=frame.conversation_id,
        user_id=connection.user_id,
        read_seq=frame.seq if isinstance(frame, ReadFrame) else 0,
        delivered_seq=frame.seq if isinstance(frame, DeliveredFrame) else 0,
        connection_id=connection.connection_id,
        device_id=connection.device_id,
    )


def _made() -> LambdaHandler:
    """The message store is connected to at the first place that is not in the cache: hardly ever."""
    engines = Engines(SignalSettings())
    engines.warm(engines.valkey.warm, lambda: engines.producer.warm([RECEIPTS_TOPIC, CONNECTIONS_TOPIC]))
    traces, log, now_ms = engines.traces, engines.status_log, engines.now_ms
    return build(
        gate=ClosingGate(gate=engines.gate, close=engines.close_connections),
        ping=Ping(
            connections=engines.connections,
            check_session=engines.check_session,
            close=engines.close_connections,
            traces=traces,
            log=log,
            now_ms=now_ms,
        ),
        note=engines.note_receipt,
        pass_on=PassOnTyping(
            admission=engines.admission, limits=engines.rate_limits, frames=engines.frames, tell=engines.tell
        ),
        watch=Watch(acquaintances=engines.acquaintances, watchers=engines.watchers, now=engines.presence_now),
        say=SayStatus(traces=traces, log=log, now_ms=now_ms),
        endpoint=engines.endpoint,
    )


lambda_handler = lazily(_made)
