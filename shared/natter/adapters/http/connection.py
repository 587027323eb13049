"""
HTTP/1.1 connections that are kept alive, for requests of whose answers the status counts, and perhaps one header.

Answers are parsed by llhttp (httptools), of which docs/decisions/0004 says why.
"""

import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import httptools

from natter.adapters.http.tls import trusted

GRACE_S = 0.001
"""How long an answer is read after the deadline: it may have come in time, while others were waited for."""

IDLE_S = 60.0
"""
How long a connection may have been idle and still be used, by the clock on the wall: who knows which others a freeze
stops. What has been idle for longer may be dead and not say so, and there is no time to find out.
"""

MAX_ANSWER = 64 * 1024
"""Bytes of one answer that are read, with its head and with the interim answers before it."""
_FINAL = 200
_READ = 16 * 1024


class Reachable(Protocol):
    """Where requests go."""

    def connect(self, deadline: float) -> socket.socket:
        """
        Raises:
            OSError: it could not be reached in time, or is not who it should be.
        """


@dataclass(frozen=True)
class Endpoint:
    """Where requests go: `https://host:port/prefix`, the port and the prefix as it may be."""

    url: str

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @cached_property
    def host(self) -> str:
        """As the Host header has it."""
        return self._parts.netloc

    @cached_property
    def prefix(self) -> str:
        return self._parts.path

    def connect(self, deadline: float) -> socket.socket:
        name, secure = self._parts.hostname, self._parts.scheme == "https"
        connected = socket.create_connection((name, self._parts.port or (443 if secure else 80)), left_s(deadline))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not secure:
            return connected
        connected.settimeout(left_s(deadline))
        return trusted().wrap_socket(connected, server_hostname=name)


def left_s(deadline: float) -> float:
    """Seconds until `deadline`, by the monotonic clock; some, even after it."""
    return max(deadline - time.monotonic(), GRACE_S)


def written(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it is sent; `headers` are all but the length of `body`."""
    head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body


class HttpConnection[To: Reachable]:
    """One connection, made when its first request is sent, with at most one request under way."""

    def __init__(self, endpoint: To, clock: Callable[[], float] = time.time, *, header: str | None = None) -> None:
        """`header`: the name, in small letters, of one that is to be kept of each answer."""
        self.endpoint = endpoint
        self.fresh = True
        """Nothing was answered on it yet; one that was idle may turn out to be closed by the other side."""
        self.answered_at = 0.0
        """Seconds, by `clock`."""
        self._clock = clock
        self._socket: socket.socket | None = None
        self._readable = select.poll()
        self._answers = _Answers() if header is None else _AnswersWithHeader(header.encode())

    @property
    def reusable(self) -> bool:
        """
        Whether it is open, was used not long ago, and nothing has come since the last answer: not its end, nor what
        nobody asked for.
        """
        if self._socket is None or self._clock() - self.answered_at > IDLE_S:
            return False
        return not self._readable.poll(0)

    @property
    def header(self) -> str | None:
        """Of the last answer, the header that is kept; None: it had none."""
        return self._answers.kept

    def open(self, deadline: float) -> socket.socket:
        """
        Connect, unless it is connected. For who wants to know that nothing was sent yet.

        Raises:
            OSError: there is nobody, or not in time.
        """
        if self._socket is None:
            self._socket = self.endpoint.connect(deadline)
            self._readable.register(self._socket, select.POLLIN)
        return self._socket

    def send(self, request: bytes, deadline: float) -> None:
        """
        Raises:
            OSError: it could not be sent in time. The connection is closed.
        """
        try:
            opened = self.open(deadline)
            opened.settimeout(left_s(deadline))
            opened.sendall(request)
        except OSError:
            self.close()
            raise

    def receive(self, deadline: float) -> int:
        """
        The status of the answer, `deadline` by the monotonic clock.

        It is known when the head has come. The body is read for the sake of the connection only: where it has no end
        that can be told, or does not come, the connection is closed and the status counts.

        Raises:
            TimeoutError: no head came in time. The connection is closed.
            OSError: none came, or what came is no answer. The connection is closed.
        """
        answers = self._answers
        answers.expect()
        try:
            self._read(max(deadline, time.monotonic() + GRACE_S))
        except OSError:
            self.close()
            if not answers.status:
                raise
        if not answers.keep_alive:
            self.close()
        self.fresh, self.answered_at = False, self._clock()
        return answers.status

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self, until: float) -> None:
        if self._socket is None:
            raise ConnectionError("closed")
        while self._answers.wanting:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._socket.settimeout(left)
            received = self._socket.recv(_READ)
            if not received:
                raise ConnectionError("closed by the other side")
            self._answers.feed(received)


class _Answers:
    """The answers on one connection, one after the other, as the parser tells of them."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.expect()

    def expect(self) -> None:
        self.kept: str | None = None
        """The header that is kept, of the final answer."""
        self.status = 0
        """Of the final answer, when its head has come."""
        self.keep_alive = True
        """Whether another answer can follow on the connection."""
        self.wanting = True
        """Whether more must be read to know the status, or to use the connection again."""
        self._size = 0

    def feed(self, received: bytes) -> None:
        """
        Raises:
            ConnectionError: this is no answer, or one that is too large.
        """
        self._size += len(received)
        try:
            self._parser.feed_data(received)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise ConnectionError("an answer that is not HTTP") from error
        if self.wanting and self._size > MAX_ANSWER:
            raise ConnectionError("an answer without end")

    # httptools callbacks, in the order of their calls

    def on_message_begin(self) -> None:
        if not self.wanting:  # nobody asked for this answer: what follows would be taken for another's
            self.keep_alive = False

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= _FINAL and self.wanting:
            self.status = status
            self.keep_alive = self.wanting = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        if self.status:
            self.wanting = False


class _AnswersWithHeader(_Answers):
    """Apart, since the parser calls for every header where it can, and most have no use for any."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        super().__init__()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.status:
            self.kept = None  # an interim answer's

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == self._name and not self.status:
            self.kept = value.decode("latin-1")
