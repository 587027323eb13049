"""
Routes of frames that leave nothing in the conversation: `ping`, `read`, `delivered`, `typing`, `watch`, `status`; and
`$default`, which answers frames of no known action.
"""

from typing import assert_never

from natter.bootstrap.engines import Engines
from natter.domain.connections import Connection
from natter.domain.errors import BadRequest, NatterError, UnknownAction
from natter.domain.limits import SIGNALS, Bucket
from natter.domain.receipts import Receipt
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent, frame_route
from natter.names import CONNECTIONS_TOPIC, RECEIPTS_TOPIC
from natter.settings import SignalSettings
from natter.usecases.presence.say_status import SayStatus
from natter.usecases.presence.watch import Watch
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.signals.admit_signal import AdmitSignal
from natter.usecases.signals.pass_on_typing import PassOnTyping
from natter.usecases.signals.ping import Ping
from natter.wire.base import WireModel
from natter.wire.frames import OkFrame
from natter.wire.presence import PresenceFrame, StatusFrame, WatchFrame
from natter.wire.receipts import DeliveredFrame, ReadFrame
from natter.wire.signals import SIGNAL_FRAMES, PingFrame, PongFrame, TypingFrame


def build(
    *,
    admit: AdmitSignal,
    ping: Ping,
    note: NoteReceipt,
    pass_on: PassOnTyping,
    watch: Watch,
    say: SayStatus,
    endpoint: str,
) -> LambdaHandler:
    def handle(event: SocketEvent) -> WireModel | None:
        admit(event.connection, _bucket(event))
        action = event.frame.get("action")
        if not isinstance(action, str):
            raise BadRequest("action: must be a string")
        if action not in SIGNAL_FRAMES:
            raise UnknownAction("action: not known")
        frame = event.parse(SIGNAL_FRAMES[action])
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
    """The message store is connected to at the first place that is not in the cache: hardly ever."""
    engines = Engines(SignalSettings())
    engines.warm(engines.valkey.warm, lambda: engines.producer.warm([RECEIPTS_TOPIC, CONNECTIONS_TOPIC]))
    traces, log, now_ms = engines.traces, engines.status_log, engines.now_ms
    return build(
        admit=AdmitSignal(gate=engines.gate, close=engines.close_connections),
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
