"""
HTTP/1.1 (RFC 9112) on kept-alive connections, as far as requests take whose answer is a status.

http.client sends a request in two pieces and parses the answer's headers as those of a mail, which costs more than the
rest of a small request.
"""

import re
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import SplitResult, urlsplit

GRACE_S = 0.001
"""An answer that came in time is read also after the deadline."""

MAX_HEAD = 64 * 1024
_CHUNK = 16 * 1024
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


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

    def connect(self, timeout_s: float) -> socket.socket:
        """
        Raises:
            OSError: it could not be reached, or is not who it should be.
        """
        name, secure = self._parts.hostname, self._parts.scheme == "https"
        line = socket.create_connection((name, self._parts.port or (443 if secure else 80)), timeout_s)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _tls().wrap_socket(line, server_hostname=name) if secure else line


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class Line:
    """A connection that is made when it is first needed, with at most one request under way."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.fresh = True
        """Nothing was answered on it yet; one that was idle may turn out to be closed by the other side."""
        self._socket: socket.socket | None = None

    def send(self, request: bytes, timeout_s: float) -> None:
        """
        Raises:
            OSError: it could not be sent. The line is closed.
        """
        try:
            if self._socket is None:
                self._socket = self.endpoint.connect(timeout_s)
            self._socket.settimeout(timeout_s)
            self._socket.sendall(request)
        except OSError:
            self.close()
            raise

    def receive(self, deadline: float) -> int:
        """
        The status of the answer, `deadline` by the monotonic clock.

        Raises:
            TimeoutError: it did not come in time. The line is closed.
            OSError: it did not come, or is none. The line is closed.
        """
        try:
            status = self._receive(deadline)
        except OSError:
            self.close()
            raise
        self.fresh = False
        return status

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self, deadline: float) -> int:
        answer = self._more(deadline)
        while (end := answer.find(_END)) < 0:
            if len(answer) > MAX_HEAD:
                raise ConnectionError("an answer without end")
            answer += self._more(deadline)
        status, length = _STATUS.match(answer), _LENGTH.search(answer, 0, end)
        if status is None:
            raise ConnectionError("an answer that is not HTTP")
        if length is None:  # it ends with the connection, or in pieces: nobody reads it
            self.close()
            return int(status[1])
        missing = end + len(_END) + int(length[1]) - len(answer)
        while missing > 0:
            missing -= len(self._more(deadline))
        return int(status[1])

    def _more(self, deadline: float) -> bytes:
        if self._socket is None:
            raise ConnectionError("closed")
        self._socket.settimeout(max(deadline - time.monotonic(), GRACE_S))
        more = self._socket.recv(_CHUNK)
        if not more:
            raise ConnectionError("closed by the other side")
        return more
