"""Route `$disconnect`: forgets the connection. Best effort, as the gateway's event is."""

from collections.abc import Mapping
from typing import Any

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.websocket import SocketEvent
from natter.metrics import CONNECTIONS_ENDED
from natter.settings import DisconnectSettings
from natter.telemetry import recorder
from natter.usecases.accounts.connect import Disconnect


def build(disconnect: Disconnect, endpoint: str) -> LambdaHandler:
    def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        disconnect(SocketEvent(event, endpoint).connection)
        recorder.add(CONNECTIONS_ENDED, 1)
        return {"statusCode": 200}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(DisconnectSettings())
    disconnect = Disconnect(
        connections=engines.connections,
        traces=engines.traces,
        log=engines.connection_log,
        now_ms=engines.now_ms,
    )
    return build(disconnect, engines.endpoint)


lambda_handler = lazily(_made)
