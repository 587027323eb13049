"""The web app's origin: its files, the API beside them, and the refresh token in a cookie of a page of its own."""

import json
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from tests.support.api import fresh

pytestmark = pytest.mark.engines


@pytest.fixture
def origin(outputs: Mapping[str, str]) -> str:
    return outputs["AppUrl"]


@pytest.fixture
async def browser(origin: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Keeps cookies; everything is asked below the app's origin."""
    async with aiohttp.ClientSession(origin, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


class TestFiles:
    async def test_the_page_comes_with_its_headers(
        self, browser: aiohttp.ClientSession, outputs: Mapping[str, str]
    ) -> None:
        async with browser.get("/") as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
            headers, page = answer.headers, await answer.text()
        assert headers["cache-control"] == "no-cache"
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy["script-src"] == "'self'"
        assert outputs["WebSocketUrl"] in policy["connect-src"].split()
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "/assets/" in page

    async def test_it_says_where_the_stage_is(self, browser: aiohttp.ClientSession, outputs: Mapping[str, str]) -> None:
        async with browser.get("/config.json") as answer:
            assert (answer.content_type, answer.headers["cache-control"]) == ("application/json", "no-cache")
            assert await answer.json() == {"websocket_url": outputs["WebSocketUrl"], "oidc": None}

    async def test_what_it_names_is_kept_for_good(self, browser: aiohttp.ClientSession) -> None:
        async with browser.get("/") as answer:
            page = await answer.text()
        (script,) = [each.partition('"')[0] for each in page.split('src="') if each.startswith("/assets/")]
        async with browser.get(script) as answer:
            assert (answer.status, answer.content_type) == (200, "text/javascript")
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            etag = answer.headers["etag"]
        async with browser.get(script, headers={"if-none-match": etag}) as answer:
            assert answer.status == 304

    @pytest.mark.parametrize("path", ["/nothing", "/assets/gone-00000000.js", "/v1", "/index.html.map"])
    async def test_what_is_not_there_is_404(self, browser: aiohttp.ClientSession, path: str) -> None:
        """Not the page: its addresses are behind a `#`."""
        async with browser.get(path) as answer:
            assert (answer.status, answer.content_type) == (404, "application/xml")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    async def test_are_read_and_nothing_else(self, browser: aiohttp.ClientSession, method: str) -> None:
        async with browser.request(method, "/") as answer:
            assert (answer.status, answer.content_type) == (403, "text/html")


class TestApi:
    async def test_is_on_the_same_origin(self, browser: aiohttp.ClientSession) -> None:
        """Its answers are its own, refusals too."""
        async with browser.get("/v1/nothing") as answer:
            assert (answer.status, answer.content_type) == (404, "application/problem+json")
            assert answer.headers["strict-transport-security"].startswith("max-age=")
        async with browser.get("/.well-known/jwks.json") as answer:
            assert answer.status == 200
            assert (await answer.json())["keys"]

    async def test_the_refresh_token_is_in_a_cookie_for_its_pages(
        self, browser: aiohttp.ClientSession, origin: str
    ) -> None:
        """No other page, of this machine or any, has anything of it."""
        who = {"username": fresh("ann"), "password": "correct horse"}
        async with browser.post("/v1/users", json=who) as answer:
            assert answer.status == 201
        ours, theirs = {"origin": origin}, {"origin": "http://127.0.0.1:1"}
        async with browser.post("/v1/sessions", json=who | {"refresh": "cookie"}, headers=ours) as answer:
            assert (answer.status, "refresh_token" in await answer.json()) == (201, False)
            cookie = answer.headers["set-cookie"].lower()
            assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/v1/sessions/refresh"))
        async with browser.post("/v1/sessions/refresh", json={}, headers=theirs) as answer:
            assert (answer.status, json.loads(await answer.text())["code"]) == (403, "forbidden")
        async with browser.post("/v1/sessions/refresh", json={}, headers=ours) as answer:
            assert answer.status == 200
            token = (await answer.json())["access_token"]
        async with browser.get("/v1/users/me", headers={"authorization": f"Bearer {token}"}) as answer:
            assert (answer.status, (await answer.json())["username"]) == (200, who["username"])
