"""
Where functions export their traces to, in the place of `https://xray.REGION.amazonaws.com/v1/traces`.

Shape: OTLP specification, "OTLP/HTTP"; of what X-Ray takes, JSON alone.
"""

import json
from collections.abc import Callable

from local.faults.calls import CallFaults
from local.runtime.http1 import Exchange, HttpServer

from .kept import Kept

PATH = "/v1/traces"
LARGEST_BYTES = 5 * 1024 * 1024
"""Of one export: CloudWatch user guide, "OTLP endpoints"."""
SERVICE = "xray"
type Refuse = Callable[[Exchange], str | None]
"""Why an export is refused, if it is."""

_JSON = (b"content-type", b"application/json")
_FAULTS = {"throttled": 429, "broken": 503}


def anybody(_exchange: Exchange) -> None:
    """Refuses nobody."""


class TraceDoor:
    def __init__(self, port: int, faults: CallFaults, refuse: Refuse = anybody) -> None:
        self.kept = Kept()
        self._port = port
        self._faults = faults
        self._refuse = refuse
        self._server = HttpServer(self._enter, max_body=LARGEST_BYTES)

    async def start(self) -> None:
        """
        Serve on loopback.

        Raises:
            OSError: the port is taken.
        """
        await self._server.start(self._port)

    async def stop(self) -> None:
        self._server.close()

    def _enter(self, exchange: Exchange) -> None:
        fault = self._faults.next(SERVICE)
        if fault in _FAULTS:
            _answer(exchange, _FAULTS[fault], "on purpose")
        elif fault == "none":
            return
        elif exchange.method != "POST" or exchange.path != PATH:
            _answer(exchange, 404, "there is nothing but traces")
        elif (refused := self._refuse(exchange)) is not None:
            _answer(exchange, 403, refused)
        else:
            self._take(exchange, is_answered=fault is None)

    def _take(self, exchange: Exchange, *, is_answered: bool) -> None:
        try:
            self.kept.add(exchange.body)
        except ValueError as error:
            _answer(exchange, 400, str(error))
        else:
            if is_answered:
                exchange.respond(200, b"{}", (_JSON,))


def _answer(exchange: Exchange, status: int, message: str) -> None:
    exchange.respond(status, json.dumps({"message": message}).encode(), (_JSON,))
