"""One client's WebSocket: the `websockets` library's protocol on an asyncio transport."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from .limits import WebSocketLimits
from .websocket_events import EventContext

CLOSE_TIMEOUT_S = 2.0
"""How long a client may take to finish a close before its connection is cut."""
MAX_BACKLOG = 1024 * 1024
"""Bytes that may wait for a client that does not read; beyond, posts are refused."""
_LOG = logging.getLogger("local.gateway.websocket")


class BacklogError(Exception):
    """The client does not read what it is sent."""


class GoneError(Exception):
    """The connection has ended."""


class WebSocketConnection(asyncio.Protocol):
    """
    An accepted connection. Frames are told apart here, messages go to `on_message`, the end to `on_end`, once.

    `on_end(connection, code, reason)` is called as soon as the connection starts to close, whoever closes it.
    """

    __slots__ = ("_limits", "_on_end", "_on_message", "_parts", "_protocol", "_transport", "context", "last_active")

    def __init__(
        self,
        context: EventContext,
        limits: WebSocketLimits,
        *,
        on_message: Callable[["WebSocketConnection", str], None],
        on_end: Callable[["WebSocketConnection", int, str], None],
    ) -> None:
        self.context = context
        self.last_active = time.monotonic()
        self._on_message = on_message
        self._on_end: Callable[[WebSocketConnection, int, str], None] | None = on_end
        self._protocol = Protocol(Side.SERVER, max_size=(limits.message_bytes, limits.frame_bytes), logger=_LOG)
        self._limits = limits
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    @property
    def open(self) -> bool:
        return self._on_end is not None and self._transport is not None

    @property
    def last_active_at(self) -> float:
        """Seconds since the epoch."""
        return time.time() - (time.monotonic() - self.last_active)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not its subclasses

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            assert isinstance(frame, Frame)
            self._frame(frame)
        self._flush()
        if self._protocol.state is not State.OPEN:
            self._closing()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._ended(CloseCode.ABNORMAL_CLOSURE, "Connection closed abnormally")

    # for the gateway

    def send(self, data: bytes) -> None:
        """
        Send UTF-8 text, in frames of at most the frame limit.

        Raises:
            GoneError: the connection has ended.
            BacklogError: the client is too far behind.
        """
        if not self.open or self._transport is None or self._protocol.state is not State.OPEN:
            raise GoneError(self.context.connection_id)
        if self._transport.get_write_buffer_size() > MAX_BACKLOG:
            raise BacklogError(self.context.connection_id)
        size = self._limits.frame_bytes
        if len(data) <= size:
            self._protocol.send_text(data)
        else:
            self._protocol.send_text(data[:size], fin=False)
            for start in range(size, len(data), size):
                self._protocol.send_continuation(data[start : start + size], fin=start + size >= len(data))
        self.last_active = time.monotonic()
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; harmless if the connection is closing already."""
        if self._protocol.state is State.OPEN and self._transport is not None:
            self._protocol.send_close(code, reason)
            self._flush()
            self._closing()

    def cut(self) -> None:
        """End it without a word; harmless if it has ended."""
        if self._transport is not None:
            self._transport.abort()

    # inside

    def _frame(self, frame: Frame) -> None:
        if self._protocol.state is not State.OPEN or self._on_end is None:
            return
        if frame.opcode is Opcode.BINARY:
            self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported")
            return
        if frame.opcode is not Opcode.TEXT and frame.opcode is not Opcode.CONT:
            return
        self.last_active = time.monotonic()
        if not frame.fin or self._parts:
            if frame.data or not self._parts:  # of empty ones there may be any number: they count towards no limit
                self._parts.append(bytes(frame.data))
            if not frame.fin:
                return
        message = b"".join(self._parts) if self._parts else bytes(frame.data)
        self._parts.clear()
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "Text is not UTF-8")
            return
        self._on_message(self, text)

    def _flush(self) -> None:
        transport = self._transport
        for data in self._protocol.data_to_send():
            if transport is None or transport.is_closing():
                return
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                # Only half of it: closing with unread input would reset the connection and lose the close frame.
                transport.write_eof()

    def _closing(self) -> None:
        close = self._protocol.close_rcvd or self._protocol.close_sent
        code = close.code if close else CloseCode.ABNORMAL_CLOSURE
        reason = close.reason if close else ""
        if code == CloseCode.NO_STATUS_RCVD:
            reason = "Client-side close frame status not set"
        if self._ended(code, reason) and self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self.cut)

    def _ended(self, code: int, reason: str) -> bool:
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return False
        on_end(self, int(code), reason)
        return True
