"""
`Gateway` on API Gateway's @connections: a wave of requests goes out on kept-alive connections, then the answers
are read. No threads: on one processor they would only take turns.

Signed by botocore, sent by http.client: a post through the boto3 client costs four times the CPU
(docs/decisions/0004), and this is the hottest path there is.
"""

import http.client
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import batched, zip_longest
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from natter.ports.sockets import Connection, Gateway, Post, PostResult

WAVE = 32
"""Requests under way at once."""
CLOSE_TIMEOUT_S = 2.0
GRACE_S = 0.001
"""An answer that came in time is read also after a slow one before it has used up the budget."""

NO_ANSWER = 0
NOT_SENT = -1
CLOSED = {200, 204, 410}
RESULTS = {
    200: PostResult.DELIVERED,
    204: PostResult.DELIVERED,
    410: PostResult.GONE,
    NOT_SENT: PostResult.UNTRIED,
}
"""Of each status; of all others FAILED."""

_FAULTS = (OSError, http.client.HTTPException)


@dataclass
class _Line:
    """A kept-alive connection to a management endpoint, with at most one request under way."""

    endpoint: str
    connection: http.client.HTTPConnection
    fresh: bool = True
    """Nothing was answered on it yet; one that was idle may turn out to be closed by the other side."""


@dataclass
class _Request:
    method: str
    to: Connection
    body: bytes
    line: _Line | None = None


@dataclass
class ApiGateway:
    """Made once for each execution environment. Not for use by several threads."""

    credentials: Callable[[], Credentials]
    region: str
    _idle: dict[str, list[_Line]] = field(default_factory=lambda: defaultdict(list))
    _tls: ssl.SSLContext | None = None

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        """Frames to one connection go out one after the other, each after the answer to the one before."""
        deadline = time.monotonic() + budget_s
        queues: dict[str, list[int]] = defaultdict(list)
        for index, post in enumerate(posts):
            queues[post.connection.connection_id].append(index)
        results = [PostResult.UNTRIED] * len(posts)
        for turn in zip_longest(*queues.values()):
            for wave in batched((index for index in turn if index is not None), WAVE, strict=False):
                requests = [_Request("POST", posts[index].connection, posts[index].frame) for index in wave]
                for index, status in zip(wave, self._answers(requests, deadline), strict=True):
                    results[index] = RESULTS.get(status, PostResult.FAILED)
        return results

    def close(self, connections: Sequence[Connection]) -> Sequence[bool]:
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        statuses: list[int] = []
        for wave in batched(connections, WAVE, strict=False):
            statuses += self._answers([_Request("DELETE", connection, b"") for connection in wave], deadline)
        return [status in CLOSED for status in statuses]

    def _answers(self, requests: Sequence[_Request], deadline: float) -> list[int]:
        """The status of each; `NO_ANSWER` where there was none in time, `NOT_SENT` where there was no time left."""
        for request in requests:
            self._send(request, deadline)
        statuses = [self._receive(request, deadline) for request in requests]
        return [
            self._again(request, deadline) if status is None else status
            for request, status in zip(requests, statuses, strict=True)
        ]

    def _send(self, request: _Request, deadline: float) -> None:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return
        line = self._line(request.to.endpoint)
        path = f"/@connections/{quote(request.to.connection_id, safe='')}"
        signed = AWSRequest(method=request.method, url=line.endpoint + path, data=request.body)
        SigV4Auth(self.credentials(), "execute-api", self.region).add_auth(signed)
        try:
            _limit(line.connection, left_s)
            line.connection.request(
                request.method, urlsplit(line.endpoint).path + path, request.body, dict(signed.headers)
            )
        except _FAULTS:
            line.connection.close()
        request.line = line

    def _receive(self, request: _Request, deadline: float) -> int | None:
        """The status; None if the line had been closed while it was idle, so that it is worth a fresh one."""
        line = request.line
        if line is None:
            return NOT_SENT
        try:
            _limit(line.connection, max(deadline - time.monotonic(), GRACE_S))
            response = line.connection.getresponse()
            response.read()
        except TimeoutError:
            line.connection.close()
            return NO_ANSWER
        except _FAULTS:
            line.connection.close()
            return NO_ANSWER if line.fresh else None
        line.fresh = False
        self._idle[line.endpoint].append(line)
        return response.status

    def _again(self, request: _Request, deadline: float) -> int:
        """Once more; that a frame may come twice is allowed."""
        for line in self._idle.pop(request.to.endpoint, []):  # they have been idle for as long
            line.connection.close()
        request.line = None
        self._send(request, deadline)
        return max(self._receive(request, deadline) or NO_ANSWER, NO_ANSWER)  # the first time it may have arrived

    def _line(self, endpoint: str) -> _Line:
        idle = self._idle[endpoint]
        return idle.pop() if idle else _Line(endpoint, self._connection(endpoint))

    def _connection(self, endpoint: str) -> http.client.HTTPConnection:
        parts = urlsplit(endpoint)
        assert parts.hostname is not None
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port)
        self._tls = self._tls or ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, context=self._tls)


def _limit(connection: http.client.HTTPConnection, seconds: float) -> None:
    connection.timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


_: type[Gateway] = ApiGateway
