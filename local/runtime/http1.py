"""
HTTP/1.1 server connections on llhttp: what the Runtime API, the gateways and @connections are served with.

A handler is a plain function that gets each request as an `Exchange` and answers it at once or later, from
anywhere on the loop. There is no task, router or middleware between the socket and the handler: several HTTP
exchanges stand behind each chat message, and this is where their time would go.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote_to_bytes

import httptools

MAX_HEAD = 64 * 1024
"""Bytes of the address and the header values that a client may send, unless a server says less."""
MAX_EARLY = 64 * 1024
"""Bytes that a client may send behind an upgrade request before it is answered."""
LINGER_S = 10.0
"""How long a client that was refused may go on sending: cut off at once, it would not see the answer."""

type Headers = Iterable[tuple[bytes, bytes]]
type Handler = Callable[["Exchange"], None]

_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}
_REFUSALS = {400: b"Bad Request", 413: b"Request Entity Too Large", 431: b"Request Header Fields Too Large"}
_BODILESS = frozenset({204, 304})


class Exchange:
    """One request, and the one chance to answer it."""

    __slots__ = ("_connection", "body", "headers", "method", "target")

    def __init__(
        self, connection: "Connection", method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        self._connection = connection
        self.method = method
        self.target = target
        """Path and query string as sent."""
        self.headers = headers
        """Names as sent."""
        self.body = body

    @property
    def raw_path(self) -> bytes:
        return self.target.partition(b"?")[0]

    @property
    def path(self) -> str:
        """The path with its percent-encoding undone."""
        return unquote_to_bytes(self.raw_path).decode("utf-8", "replace")

    @property
    def query(self) -> str:
        return self.target.partition(b"?")[2].decode("latin-1")

    def header(self, name: bytes) -> bytes | None:
        """The first header called `name` (given in lower case)."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    @property
    def source_ip(self) -> str:
        return self._connection.peer

    @property
    def upgradable(self) -> bool:
        """Whether the client asked for another protocol that the server has."""
        return self._connection.upgrading

    def respond(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """Answer. Harmless if the client has gone meanwhile."""
        self._connection.send(status, body, headers, head_only=self.method == "HEAD")

    def upgrade(self, head: bytes, protocol: asyncio.Protocol) -> bool:
        """Send the 101 response `head` and hand the connection over; False if the client has gone."""
        return self._connection.hand_over(head, protocol)


class Connection(asyncio.Protocol):
    """One client connection. Requests that arrive while one is being handled wait their turn."""

    def __init__(
        self,
        handler: Handler,
        connections: set["Connection"],
        *,
        max_head: int,
        max_body: int,
        upgrades: Collection[bytes] = (),
    ) -> None:
        self._handler = handler
        self._connections = connections
        self._max_head = max_head
        self._max_body = max_body
        self._upgrades = upgrades
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[Exchange, bool]] = deque()
        self._busy = False
        self._keep_alive = True
        self._early = b""
        self._refused = False
        self.upgrading = False
        self.peer = ""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not its subclasses
        self.peer = (transport.get_extra_info("peername") or ("",))[0]
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._waiting.clear()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self.upgrading:
            self._keep_early(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if self.upgrading:
                self._keep_early(rest)
            else:
                self._stay(rest)
        except httptools.HttpParserCallbackError as error:
            self._refuse(error.__context__)
        except httptools.HttpParserError as error:
            self._refuse(error)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # httptools callbacks, in the order of their calls

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._head_size = self._body_size = 0

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._grow_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        self._grow_head(len(value))

    def on_headers_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        expects = False
        for name, value in self._headers:
            match name.lower():
                case b"content-length" if int(value) > self._max_body:
                    raise TooLargeError(413)
                case b"expect":
                    expects = value.lower() == b"100-continue"
        if expects and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        self._body.append(chunk)
        self._body_size += len(chunk)
        if self._body_size > self._max_body:
            raise TooLargeError(413)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            self.upgrading = self._parser.get_method() == b"CONNECT" or self._asks_for_what_there_is()
            if not self.upgrading:
                return  # it comes again: see `_stay`
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        exchange = Exchange(self, self._parser.get_method().decode(), self._target, self._headers, body)
        self._waiting.append((exchange, self._parser.should_keep_alive() and not self.upgrading))
        if not self._busy:
            self._next()

    # answers

    def send(self, status: int, body: bytes, headers: Headers, *, head_only: bool = False) -> None:
        transport = self._transport
        if transport is None or self._refused:
            return
        self._write(transport, status, body, headers, head_only=head_only)
        if self._keep_alive:
            self._busy = False
            if self._waiting:
                self._next()
        else:
            transport.close()

    def _write(
        self, transport: asyncio.Transport, status: int, body: bytes, headers: Headers, *, head_only: bool = False
    ) -> None:
        head = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d Status\r\n" % status]
        head += [b"%s: %s\r\n" % header for header in headers]
        if status not in _BODILESS and (body or not head_only):  # of HEAD it is that of GET, if it is known
            head.append(b"content-length: %d\r\n" % len(body))
        head.append(b"\r\n" if self._keep_alive else b"connection: close\r\n\r\n")
        if body and not head_only and status not in _BODILESS:
            head.append(body)
        transport.write(b"".join(head))

    def hand_over(self, head: bytes, protocol: asyncio.Protocol) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        self._connections.discard(self)
        self._transport = None
        transport.write(head)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._early:
            protocol.data_received(self._early)
        return True

    def _next(self) -> None:
        self._busy = True
        exchange, self._keep_alive = self._waiting.popleft()
        self._handler(exchange)

    def _asks_for_what_there_is(self) -> bool:
        values = [value for name, value in self._headers if name.lower() == b"upgrade"]
        return any(token.strip().lower() in self._upgrades for value in values for token in value.split(b","))

    def _stay(self, rest: bytes) -> None:
        """
        Read the request again, without the wish for another protocol than the server has (RFC 9110, 7.8): llhttp takes
        no body behind one, and what follows for the other protocol.
        """
        version = self._parser.get_http_version().encode()
        head = [b"%s %s HTTP/%s\r\n" % (self._parser.get_method(), self._target, version)]
        head += [b"%s: %s\r\n" % header for header in self._headers if header[0].lower() != b"upgrade"]
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join((*head, b"\r\n", rest)))

    def _keep_early(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > MAX_EARLY:
            self.close()

    def _grow_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self._max_head:
            raise TooLargeError(431)

    def _refuse(self, error: BaseException | None) -> None:
        """Answer, and read no more than it takes for the client to see it."""
        transport = self._transport
        if transport is None or self._refused:
            return
        self._keep_alive, self._refused = False, True
        status = error.status if isinstance(error, TooLargeError) else 400
        message = b'{"message":"%s"}' % _REFUSALS[status]
        self._write(transport, status, message, ((b"content-type", b"application/json"),))
        transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, transport.close)


class TooLargeError(Exception):
    """A request's head or body exceeds its limit; `status` is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class HttpServer:
    """
    A listening socket on loopback whose requests go to one handler.

    `upgrades` are other protocols that it can go over to, in lower case: a wish for any else changes nothing.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        max_head: int = MAX_HEAD,
        max_body: int = 10 * 1024 * 1024,
        upgrades: Collection[bytes] = (),
    ) -> None:
        self._connections: set[Connection] = set()
        self._connection = partial(
            Connection, handler, self._connections, max_head=max_head, max_body=max_body, upgrades=upgrades
        )
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """
        Listen on `port`, or on a free one.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening and drop every connection that was not handed over."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
