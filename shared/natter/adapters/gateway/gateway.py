"""
`Gateway` on API Gateway's @connections: a wave of requests goes out on kept-alive connections, then the answers
are read. No threads: on one processor they would only take turns.

Signed and sent by hand: this is the hottest path there is, and a post through the boto3 client costs many times the
processor time (docs/decisions/0004).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched, zip_longest
from urllib.parse import quote

from botocore.credentials import Credentials

from natter.adapters.http.connection import Endpoint, HttpConnection, written
from natter.adapters.http.signing import Signer
from natter.domain.connections import Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.ports.delivery import Gateway

WAVE = 32
"""Requests under way at once."""
CLOSE_TIMEOUT_S = 2.0

NO_ANSWER = 0
NOT_SENT = -1
CLOSINGS = {200: Closing.CLOSED, 204: Closing.CLOSED, 410: Closing.GONE}
"""Of each status; of all others FAILED."""
RESULTS = {
    200: PostResult.DELIVERED,
    204: PostResult.DELIVERED,
    410: PostResult.GONE,
    NOT_SENT: PostResult.UNTRIED,
}
"""Of each status; of all others FAILED."""


@dataclass
class _Request:
    method: str
    to: Connection
    body: bytes
    sent_on: HttpConnection[Endpoint] | None = None


class ApiGateway:
    """Made once for each execution environment. Not for use by several threads."""

    def __init__(
        self, credentials: Callable[[], Credentials], region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._signer = Signer(credentials, service="execute-api", region=region)
        self._idle: dict[Endpoint, list[HttpConnection[Endpoint]]] = defaultdict(list)

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

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        statuses: list[int] = []
        for wave in batched(connections, WAVE, strict=False):
            statuses += self._answers([_Request("DELETE", connection, b"") for connection in wave], deadline)
        return [CLOSINGS.get(status, Closing.FAILED) for status in statuses]

    def _answers(self, requests: Sequence[_Request], deadline: float) -> list[int]:
        """The status of each; `NO_ANSWER` where there was none in time, `NOT_SENT` where there was no time left."""
        began = self._clock()
        for request in requests:
            self._send(request, deadline)
        statuses = [self._receive(request, deadline) for request in requests]
        for endpoint in {
            each.sent_on.endpoint
            for each, status in zip(requests, statuses, strict=True)
            if each.sent_on and status == NO_ANSWER
        }:
            self._drop_quiet(endpoint, began)
        return [
            self._again(request, deadline) if status is None else status
            for request, status in zip(requests, statuses, strict=True)
        ]

    def _send(self, request: _Request, deadline: float) -> None:
        if time.monotonic() >= deadline:
            return
        request.sent_on = http = self._connection(_endpoint(request.to.endpoint))
        try:
            http.send(self._written(request, http.endpoint), deadline)
        except OSError:
            return  # the connection is closed: nothing will be received on it

    def _written(self, request: _Request, endpoint: Endpoint) -> bytes:
        path = f"{endpoint.prefix}/@connections/{quote(request.to.connection_id, safe='')}"
        signed = self._signer.sign(request.method, endpoint.host, path, request.body)
        return written(request.method, path, signed, request.body)

    def _receive(self, request: _Request, deadline: float) -> int | None:
        """The status; None if the connection had been closed while it was idle, so that it is worth a fresh one."""
        http = request.sent_on
        if http is None:
            return NOT_SENT
        fresh = http.fresh
        try:
            status = http.receive(deadline)
        except TimeoutError:
            return NO_ANSWER
        except OSError:
            return NO_ANSWER if fresh else None
        self._idle[http.endpoint].append(http)
        return status

    def _again(self, request: _Request, deadline: float) -> int:
        """Once more; that a frame may come twice is allowed."""
        for http in self._idle.pop(_endpoint(request.to.endpoint), []):  # they have been idle for as long
            http.close()
        request.sent_on = None
        self._send(request, deadline)
        return max(self._receive(request, deadline) or NO_ANSWER, NO_ANSWER)  # the first time it may have arrived

    def _drop_quiet(self, endpoint: Endpoint, since: float) -> None:
        """One did not answer: those on which nothing was answered since are as likely to be dead, each for its own."""
        idle = self._idle[endpoint]
        self._idle[endpoint] = [http for http in idle if http.answered_at >= since]
        for http in idle:
            if http.answered_at < since:
                http.close()

    def _connection(self, endpoint: Endpoint) -> HttpConnection[Endpoint]:
        idle = self._idle[endpoint]
        while idle:
            http = idle.pop()
            if http.reusable:
                return http
            http.close()
        return HttpConnection(endpoint, self._clock)


@lru_cache(maxsize=16)
def _endpoint(url: str) -> Endpoint:
    return Endpoint(url)


_: type[Gateway] = ApiGateway
