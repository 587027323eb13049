"""A distribution on its port, before origins that are put down here."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

import aiohttp
import pytest

from local.distributions.server import DistributionServer
from local.model import ApiOrigin, Behavior, BucketOrigin, Distribution, ErrorPage
from local.runtime.http1 import Exchange, HttpServer

OBJECTS = {"/files/index.html": b"<p>home</p>", "/files/404.html": b"<p>nothing here</p>"}
READS = frozenset({"GET", "HEAD"})


class Origins:
    """An S3 with some objects, and, below `/v1`, an API that says what it was asked."""

    def __init__(self) -> None:
        self.server = HttpServer(self._answer)

    def _answer(self, exchange: Exchange) -> None:
        if not exchange.path.startswith("/files/"):
            headers = {name.decode().lower(): value.decode() for name, value in exchange.headers}
            said = {"method": exchange.method, "target": exchange.target.decode(), "headers": headers}
            body = json.dumps(said | {"body": exchange.body.decode()}).encode()
            exchange.respond(403 if exchange.path == "/v1/forbidden" else 200, body, [(b"set-cookie", b"a=1")])
            return
        signed = b"/s3/" in (exchange.header(b"authorization") or b"")
        body_ = OBJECTS.get(exchange.path) if signed else None
        headers_ = [(b"content-type", b"text/html"), (b"etag", b'"1"'), (b"x-amz-request-id", b"1")]
        exchange.respond(404 if body_ is None else 200, body_ or b"<Error/>", headers_)


@pytest.fixture
async def origins() -> AsyncIterator[Origins]:
    made = Origins()
    await made.server.start(0)
    yield made
    made.server.close()


def a_distribution(port: int, *, listable: bool = True, **more: Any) -> Distribution:
    api = Behavior(
        pattern="/v1/*",
        origin=ApiOrigin(port=port),
        methods=READS | {"OPTIONS", "PUT", "PATCH", "POST", "DELETE"},
        forwards=True,
        compress=False,
    )
    bucket = BucketOrigin(bucket="files", readable=True, listable=listable)
    files = Behavior(origin=bucket, methods=READS, forwards=False, compress=False)
    return Distribution(logical_id="Site", distribution_id="E1", port=0, behaviors=(api, files), **more)


class Asked:
    """Asks one distribution; each answer as (status, headers, text)."""

    def __init__(self, distribution: Distribution, *, s3: int) -> None:
        self._server = DistributionServer(distribution, s3=f"http://127.0.0.1:{s3}")

    async def __aenter__(self) -> Self:
        await self._server.start()
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self._server.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._server.stop()

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Mapping[str, str], str]:
        async with self._session.request(method, path, **options) as answer:
            return answer.status, answer.headers, await answer.text()


class TestFiles:
    async def test_the_root_is_the_object_that_is_named(self, origins: Origins) -> None:
        async with Asked(a_distribution(origins.server.port, root="index.html"), s3=origins.server.port) as ask:
            assert [(await ask("GET", path))[::2] for path in ("/", "/index.html", "/other/")] == [
                (200, "<p>home</p>"),
                (200, "<p>home</p>"),
                (404, "<Error/>"),
            ]
            status, headers, _ = await ask("HEAD", "/")
        assert (status, headers["etag"]) == (200, '"1"')
        assert "x-amz-request-id" not in headers

    async def test_who_may_not_list_is_not_told_what_is_missing(self, origins: Origins) -> None:
        async with Asked(a_distribution(origins.server.port, listable=False), s3=origins.server.port) as ask:
            status, _, text = await ask("GET", "/nothing")
        assert (status, "AccessDenied" in text) == (403, True)

    @pytest.mark.parametrize("asked", [("POST", b""), ("OPTIONS", b""), ("DELETE", b""), ("GET", b"a body")], ids=str)
    async def test_are_read_and_nothing_else(self, origins: Origins, asked: tuple[str, bytes]) -> None:
        method, body = asked
        async with Asked(a_distribution(origins.server.port), s3=origins.server.port) as ask:
            status, headers, text = await ask(method, "/index.html", data=body)
        assert (status, headers["content-type"]) == (403, "text/html")
        assert "not configured to allow the HTTP request method" in text


class TestApis:
    async def test_are_asked_as_they_would_be_themselves(self, origins: Origins) -> None:
        async with Asked(a_distribution(origins.server.port), s3=origins.server.port) as ask:
            asked = {"data": b"body", "headers": {"cookie": "b=2", "origin": "http://here"}}
            status, headers, text = await ask("POST", "/v1/users?a=1%2B1", **asked)
        said = json.loads(text)
        assert (status, headers["set-cookie"]) == (200, "a=1")
        assert (said["method"], said["target"], said["body"]) == ("POST", "/v1/users?a=1%2B1", "body")
        assert (said["headers"]["cookie"], said["headers"]["origin"]) == ("b=2", "http://here")
        assert said["headers"]["host"] == f"127.0.0.1:{origins.server.port}"

    async def test_one_that_is_not_there_is_a_page_of_the_distributions_own(self, origins: Origins) -> None:
        async with Asked(a_distribution(1), s3=origins.server.port) as ask:
            status, _, text = await ask("GET", "/v1/users")
        assert (status, "The request could not be satisfied" in text) == (502, True)


class TestErrorPages:
    async def test_are_shown_instead_with_a_status_of_their_own(self, origins: Origins) -> None:
        """Of any origin."""
        pages = {404: ErrorPage(path="/404.html", status=200), 403: ErrorPage(path="/404.html", status=403)}
        site = a_distribution(origins.server.port, error_pages=pages)
        async with Asked(site, s3=origins.server.port) as ask:
            assert (await ask("GET", "/nothing"))[::2] == (200, "<p>nothing here</p>")
            assert (await ask("POST", "/v1/forbidden"))[::2] == (403, "<p>nothing here</p>")
