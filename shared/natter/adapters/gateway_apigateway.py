"""
`Gateway` on API Gateway's @connections, posted concurrently over kept-alive connections.

Signed by botocore, sent by urllib3: a post through the boto3 client costs several times the CPU of the request
itself (docs/decisions/0004), and this is the hottest path there is.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from urllib.parse import quote

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from urllib3.exceptions import HTTPError

from natter.ports.sockets import Connection, Gateway, Post, PostResult

THREADS = 16
TIMEOUT = urllib3.Timeout(connect=1.0, read=2.0)
RESULTS = {200: PostResult.DELIVERED, 204: PostResult.DELIVERED, 410: PostResult.GONE}


class ApiGateway:
    """Safe across threads; made once for each execution environment."""

    def __init__(self, credentials: Callable[[], Credentials], region: str) -> None:
        self._credentials = credentials
        self._region = region
        self._pool = urllib3.PoolManager(maxsize=THREADS, retries=urllib3.Retry(1, read=0, redirect=0), timeout=TIMEOUT)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="post")

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        """One task for each connection keeps its frames in order."""
        if len(posts) == 1:
            return [self._send(posts[0], time.monotonic() + budget_s)]
        deadline = time.monotonic() + budget_s
        queues: dict[str, list[int]] = {}
        for index, post in enumerate(posts):
            queues.setdefault(post.connection.connection_id, []).append(index)
        results = [PostResult.FAILED] * len(posts)

        def drain(indexes: list[int]) -> None:
            for index in indexes:
                results[index] = self._send(posts[index], deadline)

        tasks: list[Future[None]] = [self._threads.submit(drain, indexes) for indexes in queues.values()]
        _, late = wait(tasks, timeout=budget_s)
        for task in late:
            task.cancel()
        return list(results)

    def close(self, connection: Connection) -> bool:
        return self._request("DELETE", connection, b"") in (204, 200, 410)

    def _send(self, post: Post, deadline: float) -> PostResult:
        if time.monotonic() > deadline:
            return PostResult.FAILED
        return RESULTS.get(self._request("POST", post.connection, post.frame), PostResult.FAILED)

    def _request(self, method: str, connection: Connection, body: bytes) -> int:
        """The status, or 0 if there was no answer."""
        url = f"{connection.endpoint}/@connections/{quote(connection.connection_id, safe='')}"
        request = AWSRequest(method=method, url=url, data=body)
        SigV4Auth(self._credentials(), "execute-api", self._region).add_auth(request)
        try:
            response = self._pool.request(method, url, body=body, headers=dict(request.headers))
        except HTTPError:
            return 0
        return response.status


_: type[Gateway] = ApiGateway
