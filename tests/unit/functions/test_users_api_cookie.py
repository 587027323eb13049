"""The refresh token in a cookie, for browsers whose pages are on the API's own origin."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from functions.users_api.handler import build
from natter.domain.accounts.identities import Identity
from tests.http import HOST, HttpClient, Reply
from tests.identity import PASSWORD, World

ORIGIN = f"https://{HOST}"
HERE = {"origin": ORIGIN}
ANN = Identity(issuer="https://login.example", subject="1", username="ann", display_name="Ann B.")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def client(world: World) -> HttpClient:
    return HttpClient(build(world.engines))


def sign_in(client: HttpClient, headers: Mapping[str, str] = HERE) -> Reply:
    body = {"username": "ann", "password": PASSWORD, "refresh": "cookie"}
    return client("POST", "/v1/sessions", body, headers=headers)


def refresh(client: HttpClient, cookie: str, headers: Mapping[str, str] = HERE) -> Reply:
    return client("POST", "/v1/sessions/refresh", {}, headers=headers, cookies=["theme=dark", cookie])


def kept(reply: Reply) -> str:
    """The pair that a browser keeps and sends again."""
    (cookie,) = reply.cookies
    return cookie.partition(";")[0]


class TestRefreshCookie:
    def test_keeps_the_token_out_of_what_scripts_can_read(self, client: HttpClient) -> None:
        reply = sign_in(client)
        assert reply.status == 201
        assert reply.json.keys() == {"access_token", "expires_in", "user_id", "device_id", "session_id"}
        (cookie,) = reply.cookies
        pair, *attributes = cookie.split("; ")
        assert pair.startswith("__Secure-refresh=")
        assert attributes == [
            *("Path=/v1/sessions/refresh", f"Max-Age={90 * 24 * 3600}", "HttpOnly", "Secure", "SameSite=Strict")
        ]

    @pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000"])
    def test_is_not_secure_on_loopback_where_nothing_is_encrypted(self, client: HttpClient, host: str) -> None:
        """Nor named as if it were: browsers would not take it."""
        here = {"host": host, "origin": f"http://{host}"}
        reply = sign_in(client, here)
        (cookie,) = reply.cookies
        assert cookie.startswith("refresh=")
        assert "Secure" not in cookie
        assert refresh(client, kept(reply), here).status == 200

    def test_is_refreshed_by_itself(self, client: HttpClient) -> None:
        first = sign_in(client)
        reply = refresh(client, kept(first))
        assert (reply.status, "refresh_token" in reply.json) == (200, False)
        assert reply.json["session_id"] == first.json["session_id"]
        assert kept(reply) != kept(first)
        assert replace(client, token=reply.json["access_token"])("GET", "/v1/users/me").status == 200

    def test_one_that_was_used_before_ends_the_session(self, client: HttpClient) -> None:
        cookie = kept(sign_in(client))
        assert [refresh(client, cookie).status for _ in range(2)] == [200, 200]
        reply = refresh(client, cookie)
        assert (reply.code, reply.cookies) == ("bad_token", ())

    @pytest.mark.parametrize(
        "headers",
        [{}, *({"origin": each} for each in ("https://evil.example", f"http://{HOST}", f"{ORIGIN}:444", "null", ""))],
        ids=str,
    )
    def test_is_for_pages_of_its_own_origin_alone(self, client: HttpClient, headers: Mapping[str, str]) -> None:
        cookie = kept(sign_in(client))
        assert refresh(client, cookie, headers).code == "forbidden"
        assert refresh(client, cookie).status == 200

    @pytest.mark.parametrize(
        ("host", "app", "other"),
        [
            (HOST, "d111111abcdef8.cloudfront.net", "http://d111111abcdef8.cloudfront.net"),
            ("127.0.0.1:3000", "127.0.0.1:3001", "http://127.0.0.1:3002"),
        ],
        ids=["on AWS", "on the laptop"],
    )
    def test_is_for_pages_of_the_web_app_whose_origin_leads_to_the_api(
        self, world: World, host: str, app: str, other: str
    ) -> None:
        """The API sees its own name, whatever browsers asked: what is before it says so in no header (ADR 0037)."""
        world.engines.web_app = app
        client = HttpClient(build(world.engines))
        scheme = "http" if host.startswith("127.") else "https"
        here = {"host": host, "origin": f"{scheme}://{app}"}
        cookie = kept(sign_in(client, here))
        assert refresh(client, cookie, here | {"origin": other}).code == "forbidden"
        assert refresh(client, cookie, here).status == 200

    def test_no_page_of_another_origin_signs_a_browser_in(self, client: HttpClient) -> None:
        reply = sign_in(client, {"origin": "https://evil.example"})
        assert (reply.code, reply.cookies) == ("forbidden", ())
        assert sign_in(client, {}).status == 201

    def test_without_one_the_token_is_missing(self, client: HttpClient) -> None:
        reply = client("POST", "/v1/sessions/refresh", {}, headers=HERE)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith("refresh_token: ")

    def test_a_token_in_the_body_is_answered_there(self, client: HttpClient) -> None:
        cookie = kept(sign_in(client))
        body = {"username": "ann", "password": PASSWORD, "refresh": "body"}
        token = client("POST", "/v1/sessions", body).json["refresh_token"]
        reply = client("POST", "/v1/sessions/refresh", {"refresh_token": token}, cookies=[cookie])
        assert (reply.status, "refresh_token" in reply.json, reply.cookies) == (200, True, ())
        assert refresh(client, cookie).status == 200

    def test_is_there_for_who_comes_by_an_identity_provider_too(self, world: World) -> None:
        world.engines.identity_provider = world.provider
        client = HttpClient(build(world.engines))
        body = {"id_token": world.provider.issue(ANN), "refresh": "cookie"}
        reply = client("POST", "/v1/sessions", body, headers=HERE)
        assert (reply.status, "refresh_token" in reply.json) == (201, False)
        assert refresh(client, kept(reply)).status == 200

    @pytest.mark.parametrize("wanted", ["header", "", 1, ["cookie"]])
    def test_there_is_no_other_place_for_it(self, client: HttpClient, wanted: object) -> None:
        reply = client("POST", "/v1/sessions", {"username": "ann", "password": PASSWORD, "refresh": wanted})
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith("refresh: ")
