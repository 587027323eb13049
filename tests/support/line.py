"""One WebSocket of very many: as little of a client as can be had, so that a process may hold thousands."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self, cast

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

MAX_MESSAGE = 128 * 1024


class LineEndedError(Exception):
    """The socket has ended, or never was."""


class Line(asyncio.Protocol):
    """`opened` and `closed` are done when it is; frames go to `on_frame`, parsed."""

    def __init__(self, url: str, on_frame: Callable[[dict[str, Any]], None], token: str | None) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._on_frame = on_frame
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._protocol = ClientProtocol(parse_uri(url), max_size=MAX_MESSAGE)
        request = self._protocol.connect()
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        self._protocol.send_request(request)

    @classmethod
    async def open(cls, url: str, on_frame: Callable[[dict[str, Any]], None], *, token: str | None = None) -> Self:
        """
        Raises:
            OSError: nobody is there, or not any more.
            InvalidHandshake: the upgrade was refused.
        """
        uri = parse_uri(url)
        transport, line = await asyncio.get_running_loop().create_connection(
            lambda: cls(url, on_frame, token), uri.host, uri.port
        )
        try:
            await line.opened
        except BaseException:
            transport.abort()
            raise
        return line

    def send(self, frame: dict[str, Any]) -> None:
        """
        Raises:
            LineEndedError: it has ended.
        """
        if self.closed.done() or self._protocol.state is not State.OPEN:
            raise LineEndedError
        self._protocol.send_text(json.dumps(frame, ensure_ascii=False).encode())
        self._flush()

    def close(self) -> None:
        """In good order; harmless if it has ended."""
        if self._protocol.state is State.OPEN and not self.closed.done():
            self._protocol.send_close(1000)
            self._flush()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not its subclasses
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answered()
            elif isinstance(event, Frame) and event.opcode in {Opcode.TEXT, Opcode.CONT}:
                self._parts.append(bytes(event.data))
                if event.fin:
                    text = b"".join(self._parts)
                    self._parts.clear()
                    self._on_frame(json.loads(text))
        self._flush()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError("no answer to the upgrade"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _answered(self) -> None:
        refused = self._protocol.handshake_exc
        if self.opened.done():
            return
        if refused is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(refused)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
