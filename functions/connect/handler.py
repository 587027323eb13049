"""Route `$connect`: registers the connection before its upgrade completes."""

from collections.abc import Mapping
from typing import Any

from natter.bootstrap.engines import Engines
from natter.domain.errors import NatterError
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent
from natter.metrics import CONNECTIONS_OPENED
from natter.settings import ConnectSettings
from natter.telemetry import logger, recorder
from natter.telemetry.answered import answering
from natter.usecases.accounts.connect import Connect
from natter.wire.frames import SUBPROTOCOL


def build(connect: Connect, endpoint: str) -> LambdaHandler:
    def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        socket = SocketEvent(event, endpoint)
        try:
            with answering(socket.route, socket.request_id, socket.asked.at):
                connect(socket.connection)
        except NatterError as error:
            logger.warning("connection refused", extra={"code": error.code})
            return {"statusCode": error.status}
        recorder.add(CONNECTIONS_OPENED, 1)
        echoed = {"headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}} if SUBPROTOCOL in socket.subprotocols else {}
        return {"statusCode": 200, **echoed}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(ConnectSettings())
    connect = Connect(
        connections=engines.connections,
        check_session=engines.check_session,
        close=engines.close_connections,
        traces=engines.traces,
        log=engines.connection_log,
        now_ms=engines.now_ms,
    )
    return build(connect, engines.endpoint)


lambda_handler = lazily(_made)
