"""One distribution on its port."""

import asyncio
import logging
from collections import Counter
from typing import Any

import aiohttp
from yarl import URL

from local.model import ApiOrigin, Behavior, BucketOrigin, Distribution, ErrorPage
from local.runtime.http1 import Exchange, HttpServer

from . import rules
from .rules import Answer

LOG = logging.getLogger("local.distributions")
MOST_BYTES = 20 * 1024 * 1024
"""Of a body: more than an API behind it takes, so that it is the API that refuses."""
ORIGIN_TIMEOUT_S = 30.0
_NOT_ON = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "date", "server"})
_FROM_BUCKETS = frozenset(
    {
        *("accept-ranges", "cache-control", "content-disposition", "content-encoding", "content-language"),
        *("content-range", "content-type", "etag", "expires", "last-modified"),
    }
)
"""Headers of objects; what else LocalStack says is of its own."""
_OF_S3 = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"
"""LocalStack takes anybody for the owner, and tells by this which of its services is asked."""
_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)


class DistributionServer:
    """`start` once, `stop` once. Nothing is kept: each request asks its origin, as if it were the first."""

    def __init__(self, distribution: Distribution, *, s3: str) -> None:
        """`s3`: LocalStack's URL. The port that is given, or a free one for 0, is in `port` once it is started."""
        self.distribution = distribution
        self.port = distribution.port
        self.answers: Counter[int] = Counter()
        """How often each status was answered."""
        self._s3 = s3
        self._server = HttpServer(self._enter, max_body=MOST_BYTES)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ORIGIN_TIMEOUT_S),
        )
        await self._server.start(self.port)
        self.port = self._server.port

    async def stop(self) -> None:
        """What is under way is answered no more. Harmless if it never started."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def status(self) -> dict[str, Any]:
        """A JSON-serialisable snapshot."""
        return {
            "url": f"http://127.0.0.1:{self.port}",
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
        }

    def _enter(self, exchange: Exchange) -> None:
        task = asyncio.get_running_loop().create_task(self._handle(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, exchange: Exchange) -> None:
        answer = await self._answer(exchange)
        self.answers[answer.status] += 1
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        exchange.respond(answer.status, answer.body, fields)

    async def _answer(self, exchange: Exchange) -> Answer:
        path = exchange.raw_path.decode("latin-1")
        if path == "/" and self.distribution.root:
            path = f"/{self.distribution.root}"
        behavior = rules.behavior_of(self.distribution, path)
        if exchange.method not in behavior.methods or (exchange.method in {"GET", "HEAD"} and exchange.body):
            return rules.not_allowed()
        answer = await self._ask(behavior, exchange, path)
        if (page := self.distribution.error_pages.get(answer.status)) is not None:
            answer, behavior = await self._error_page(page, exchange), rules.behavior_of(self.distribution, page.path)
        return rules.finished(behavior, answer, (exchange.header(b"accept-encoding") or b"").decode("latin-1"))

    async def _error_page(self, page: ErrorPage, exchange: Exchange) -> Answer:
        behavior = rules.behavior_of(self.distribution, page.path)
        found = await self._request(behavior, "GET" if exchange.method != "HEAD" else "HEAD", page.path, [], b"")
        return found._replace(status=page.status)

    async def _ask(self, behavior: Behavior, exchange: Exchange, path: str) -> Answer:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in exchange.headers]
        told = rules.forwarded(behavior, headers, exchange.source_ip)
        query = f"?{exchange.query}" if behavior.forwards and exchange.query else ""
        return await self._request(behavior, exchange.method, path + query, told, exchange.body)

    async def _request(
        self, behavior: Behavior, method: str, target: str, headers: rules.Headers, body: bytes
    ) -> Answer:
        assert self._session is not None
        origin = behavior.origin
        if isinstance(origin, BucketOrigin):
            if not origin.readable or rules.climbs(target):
                return _denied()
            headers = [*headers, ("authorization", _OF_S3)]
        try:
            async with self._session.request(
                method,
                URL(self._url(origin, target), encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answered:
                answer = Answer(
                    answered.status,
                    [(name.lower(), value) for name, value in answered.headers.items()],
                    await answered.read(),
                )
        except TimeoutError:
            return rules.refusal(504, "CloudFront attempted to establish a connection with the origin and timed out.")
        except aiohttp.ClientError as error:
            LOG.warning("%s: %s", self.distribution.logical_id, error)
            return rules.refusal(502, "CloudFront wasn't able to connect to the origin.")
        return _of_bucket(origin, answer) if isinstance(origin, BucketOrigin) else _of_api(answer)

    def _url(self, origin: BucketOrigin | ApiOrigin, target: str) -> str:
        if isinstance(origin, BucketOrigin):
            return f"{self._s3}/{origin.bucket}{origin.path}{target}"
        return f"http://127.0.0.1:{origin.port}{origin.path}{target}"


def _of_api(answer: Answer) -> Answer:
    return answer._replace(headers=[pair for pair in answer.headers if pair[0] not in _NOT_ON])


def _of_bucket(origin: BucketOrigin, answer: Answer) -> Answer:
    if answer.status == 404 and not origin.listable:  # noqa: PLR2004
        return _denied()
    return answer._replace(headers=[pair for pair in answer.headers if pair[0] in _FROM_BUCKETS])


def _denied() -> Answer:
    return Answer(403, [("content-type", "application/xml")], _DENIED)
