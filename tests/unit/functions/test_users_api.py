import json
import re
from dataclasses import replace

import pytest

from functions.users_api.handler import build
from natter.domain.ids import ID_PATTERN
from tests.http import HttpClient, Reply
from tests.identity import NOON, PASSWORD, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> HttpClient:
    return HttpClient(build(world.engines))


def sign_up(client: HttpClient, username: str) -> Reply:
    return client("POST", "/v1/users", {"username": username, "password": PASSWORD})


def sign_in(client: HttpClient, username: str) -> Reply:
    return client("POST", "/v1/sessions", {"username": username, "password": PASSWORD})


def signed_in(client: HttpClient, username: str) -> HttpClient:
    sign_up(client, username)
    return replace(client, token=sign_in(client, username).json["access_token"])


class TestSignUp:
    def test_answers_with_the_user(self, client: HttpClient) -> None:
        body = {"username": "ann", "password": PASSWORD, "display_name": "Änn B.", "unknown": {}}
        reply = client("POST", "/v1/users", body)
        assert reply.status == 201
        assert re.fullmatch(ID_PATTERN, reply.json["user_id"])
        assert reply.json == {
            "user_id": reply.json["user_id"],
            "username": "ann",
            "display_name": "Änn B.",
            "created_at": NOON,
            "contactable": "everybody",
        }

    def test_a_taken_name(self, client: HttpClient) -> None:
        sign_up(client, "ann")
        reply = sign_up(client, "ann")
        assert (reply.status, reply.code) == (409, "username_taken")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("username", "an"),
            ("username", "x" * 33),
            ("username", "Ann"),
            ("username", "ann\n"),
            ("username", None),
            ("username", 5),
            ("password", "x" * 9),
            ("password", "x" * 129),
            ("password", None),
            ("display_name", ""),
            ("display_name", "x" * 65),
            ("display_name", "  "),
            ("display_name", "a\0b"),
            ("display_name", ["Ann"]),
        ],
    )
    def test_a_wrong_field_is_named(self, client: HttpClient, field: str, value: object) -> None:
        reply = client("POST", "/v1/users", {"username": "ann", "password": PASSWORD, field: value})
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(f"{field}: ")

    @pytest.mark.parametrize(
        ("field", "value"), [("password", "\N{SNOWMAN}" * 128), ("display_name", "\U0001f600" * 64)]
    )
    def test_lengths_count_code_points(self, client: HttpClient, field: str, value: str) -> None:
        reply = client("POST", "/v1/users", {"username": "ann", "password": PASSWORD, field: value})
        assert reply.status == 201

    def test_the_answer_to_a_mistake_does_not_repeat_the_password(self, client: HttpClient) -> None:
        assert "too-short" not in client("POST", "/v1/users", {"username": "ann", "password": "too-short"}).text


class TestSessions:
    def test_sign_in(self, client: HttpClient) -> None:
        user_id = sign_up(client, "ann").json["user_id"]
        device = {"device_id": "my-phone", "name": "Phone", "platform": "ios"}
        reply = client("POST", "/v1/sessions", {"username": "ann", "password": PASSWORD, "device": device})
        assert reply.status == 201
        assert reply.json.keys() == {
            "access_token",
            "expires_in",
            "refresh_token",
            "user_id",
            "device_id",
            "session_id",
        }
        assert (reply.json["user_id"], reply.json["device_id"], reply.json["expires_in"]) == (user_id, "my-phone", 900)

    def test_wrong_password_and_unknown_name_look_the_same(self, client: HttpClient) -> None:
        sign_up(client, "ann")
        wrong = client("POST", "/v1/sessions", {"username": "ann", "password": "wrong"})
        unknown = client("POST", "/v1/sessions", {"username": "nobody", "password": "wrong"})
        assert wrong == unknown
        assert (wrong.status, wrong.code) == (401, "bad_credentials")

    @pytest.mark.parametrize(
        ("device", "field"),
        [
            ({"device_id": "no/slashes"}, "device.device_id"),
            ({"device_id": ""}, "device.device_id"),
            ({"name": "x" * 65}, "device.name"),
            ({"platform": "toaster"}, "device.platform"),
            ("phone", "device"),
        ],
    )
    def test_a_wrong_device_is_named(self, client: HttpClient, device: object, field: str) -> None:
        reply = client("POST", "/v1/sessions", {"username": "ann", "password": PASSWORD, "device": device})
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith(f"{field}: ")

    def test_refresh(self, client: HttpClient) -> None:
        sign_up(client, "ann")
        first = sign_in(client, "ann").json
        reply = client("POST", "/v1/sessions/refresh", {"refresh_token": first["refresh_token"]})
        assert reply.status == 200
        assert reply.json.keys() == first.keys()
        assert reply.json["session_id"] == first["session_id"]
        again, late = [
            client("POST", "/v1/sessions/refresh", {"refresh_token": first["refresh_token"]}) for _ in range(2)
        ]
        assert again.status == 200
        assert (late.status, late.code) == (401, "bad_token")
        assert replace(client, token=reply.json["access_token"])("GET", "/v1/users/me").code == "unauthenticated"

    def test_list_and_end(self, client: HttpClient) -> None:
        ann = signed_in(client, "ann")
        other = sign_in(client, "ann").json["session_id"]
        items = ann("GET", "/v1/sessions").json["items"]
        assert [(item["session_id"] == other, item["current"]) for item in items] == [(True, False), (False, True)]
        assert ann("DELETE", f"/v1/sessions/{other}").status == 204
        assert len(ann("GET", "/v1/sessions").json["items"]) == 1
        assert ann("DELETE", "/v1/sessions/unknown").code == "not_found"
        assert ann("DELETE", "/v1/sessions/current").status == 204
        assert ann("GET", "/v1/sessions").code == "unauthenticated"


class TestTickets:
    def test_a_ticket(self, world: World, client: HttpClient) -> None:
        ann = signed_in(client, "ann")
        reply = ann("POST", "/v1/tickets")
        ticket = reply.json["ticket"]
        assert reply.status == 201
        assert reply.json == {"ticket": ticket, "expires_in": 30, "url": f"wss://sockets/stage?ticket={ticket}"}
        assert world.redeem_ticket(ticket).user_id == ann("GET", "/v1/users/me").json["user_id"]


class TestUsers:
    def test_oneself(self, client: HttpClient) -> None:
        me = signed_in(client, "ann")("GET", "/v1/users/me").json
        assert me == {
            "user_id": me["user_id"],
            "username": "ann",
            "display_name": "ann",
            "created_at": NOON,
            "contactable": "everybody",
        }

    def test_others_see_the_public_profile(self, client: HttpClient) -> None:
        bob_id = sign_up(client, "bob").json["user_id"]
        ann = signed_in(client, "ann")
        profile = {"user_id": bob_id, "username": "bob", "display_name": "bob"}
        assert ann("GET", f"/v1/users/{bob_id}").json == profile
        assert ann("GET", "/v1/users", query={"username": "bob"}).json == {"items": [profile]}

    def test_nobody(self, client: HttpClient) -> None:
        ann = signed_in(client, "ann")
        assert ann("GET", "/v1/users", query={"username": "Nobody\0"}).json == {"items": []}
        assert ann("GET", "/v1/users").code == "bad_request"
        for user_id in ("unknown", "%00", "a%2Fb"):
            reply = ann("GET", f"/v1/users/{user_id}")
            assert (reply.status, reply.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/sessions"),
        ("DELETE", "/v1/sessions/current"),
        ("POST", "/v1/tickets"),
        ("GET", "/v1/users/me"),
        ("GET", "/v1/users"),
        ("GET", "/v1/users/someone"),
    ],
)
def test_all_others_are_closed_to_strangers(client: HttpClient, method: str, path: str) -> None:
    assert client(method, path).code == "unauthenticated"


def test_answers_are_not_ascii_escaped(client: HttpClient) -> None:
    reply = client("POST", "/v1/users", {"username": "ann", "password": PASSWORD, "display_name": "Zoë"})
    assert '"Zoë"' in reply.text
    assert json.loads(reply.text)["display_name"] == "Zoë"
