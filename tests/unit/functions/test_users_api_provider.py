"""What `users_api` answers where an identity provider signs people in, and the keys of its own tokens."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from functions.users_api.handler import build
from natter.domain.accounts.credentials import PublicKey
from natter.domain.accounts.identities import Identity
from natter.domain.errors import Unavailable
from tests.http import HttpClient
from tests.identity import PASSWORD, World

ANN = Identity(issuer="https://login.example", subject="1", username="ann", display_name="Ann B.")


class Keys:
    def public_keys(self) -> Sequence[PublicKey]:
        return (PublicKey("key-2", "eDI", "eTI"), PublicKey("key-1", "eDE", "eTE"))


class NoKeys:
    def public_keys(self) -> Sequence[PublicKey]:
        raise Unavailable("token signer")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> HttpClient:
    world.engines.identity_provider = world.provider
    return HttpClient(build(world.engines))


class TestSignInByProvider:
    def test_an_id_token_begins_a_session(self, world: World, client: HttpClient) -> None:
        device = {"device_id": "my-phone", "name": "Phone", "platform": "ios"}
        reply = client("POST", "/v1/sessions", {"id_token": world.provider.issue(ANN), "device": device})
        assert reply.status == 201
        assert reply.json.keys() == {
            *("access_token", "expires_in", "refresh_token", "user_id", "device_id", "session_id")
        }
        assert reply.json["device_id"] == "my-phone"
        me = replace(client, token=reply.json["access_token"])("GET", "/v1/users/me").json
        assert (me["username"], me["display_name"]) == ("ann", "Ann B.")

    def test_a_wrong_token_is_refused_and_neither_told_nor_logged(
        self, client: HttpClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        reply = client("POST", "/v1/sessions", {"id_token": "no-such-token"})
        assert (reply.status, reply.code) == (401, "bad_credentials")
        assert "no-such-token" not in reply.text + caplog.text

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"username": "ann", "password": PASSWORD}, "id_token"),
            ({"id_token": 5}, "id_token"),
            ({"id_token": None}, "id_token"),
            ({"id_token": "x" * 16_385}, "id_token"),
            ({"id_token": "x", "device": {"platform": "toaster"}}, "device.platform"),
        ],
    )
    def test_a_wrong_field_is_named(self, client: HttpClient, body: object, field: str) -> None:
        """A password, too, is answered with what is wanted in its place."""
        reply = client("POST", "/v1/sessions", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(f"{field}: ")
        assert PASSWORD not in reply.text

    def test_nobody_signs_up_by_password(self, world: World, client: HttpClient) -> None:
        reply = client("POST", "/v1/users", {"username": "bob", "password": PASSWORD})
        assert (reply.status, reply.code) == (403, "forbidden")
        assert world.users.by_name("bob") is None

    def test_there_is_no_password_to_change(self, world: World, client: HttpClient) -> None:
        token = client("POST", "/v1/sessions", {"id_token": world.provider.issue(ANN)}).json["access_token"]
        body = {"current": PASSWORD, "new": PASSWORD}
        reply = replace(client, token=token)("PUT", "/v1/users/me/password", body)
        assert (reply.status, reply.code) == (403, "forbidden")
        assert client("PUT", "/v1/users/me/password", body).code == "unauthenticated"

    def test_whoever_erases_themselves_signs_in_there_once_more(self, world: World, client: HttpClient) -> None:
        token = client("POST", "/v1/sessions", {"id_token": world.provider.issue(ANN)}).json["access_token"]
        ann = replace(client, token=token)
        assert ann("DELETE", "/v1/users/me", {"password": PASSWORD}).json["detail"].startswith("id_token: ")
        assert ann("DELETE", "/v1/users/me", {"id_token": "no-such-token"}).code == "bad_credentials"
        assert ann("DELETE", "/v1/users/me", {"id_token": world.provider.issue(ANN)}).status == 202
        assert ann("GET", "/v1/users/me").code == "unauthenticated"

    def test_without_a_provider_an_id_token_opens_nothing(self, world: World) -> None:
        reply = HttpClient(build(world.engines))("POST", "/v1/sessions", {"id_token": world.provider.issue(ANN)})
        assert (reply.status, reply.code) == (400, "bad_request")


class TestKeys:
    def test_are_open_to_all_and_may_be_kept_for_a_while(self, world: World) -> None:
        world.engines.token_keys = Keys()
        reply = HttpClient(build(world.engines))("GET", "/.well-known/jwks.json")
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.headers["Cache-Control"] == "public, max-age=300"
        shared = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256"}
        assert reply.json == {
            "keys": [
                {**shared, "kid": "key-2", "x": "eDI", "y": "eTI"},
                {**shared, "kid": "key-1", "x": "eDE", "y": "eTE"},
            ]
        }

    def test_an_outage_is_not_kept(self, world: World) -> None:
        world.engines.token_keys = NoKeys()
        reply = HttpClient(build(world.engines))("GET", "/.well-known/jwks.json")
        assert (reply.status, reply.code) == (503, "unavailable")
        assert reply.headers["Cache-Control"] == "no-store"
