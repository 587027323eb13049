from dataclasses import replace
from typing import ClassVar

import pytest

from functions.users_api.handler import build
from natter.domain.ids import UserId
from tests.http import HttpClient, Reply
from tests.identity import NOON, PASSWORD, World

NEW = "new horse battery"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> HttpClient:
    return HttpClient(build(world.engines))


@pytest.fixture
def ann(client: HttpClient) -> HttpClient:
    client("POST", "/v1/users", {"username": "ann", "password": PASSWORD})
    return signed_in(client, "ann")


@pytest.fixture
def bob(client: HttpClient) -> UserId:
    return user(client, "bob")


def user(client: HttpClient, username: str) -> UserId:
    return UserId(client("POST", "/v1/users", {"username": username, "password": PASSWORD}).json["user_id"])


def sign_in(client: HttpClient, username: str, **fields: object) -> Reply:
    return client("POST", "/v1/sessions", {"username": username, "password": PASSWORD, **fields})


def signed_in(client: HttpClient, username: str, **fields: object) -> HttpClient:
    return replace(client, token=sign_in(client, username, **fields).json["access_token"])


def profile(user_id: UserId, name: str) -> dict[str, str]:
    return {"user_id": user_id, "username": name, "display_name": name}


class TestMe:
    @pytest.mark.usefixtures("bob")
    def test_is_changed_and_shown_to_all(self, client: HttpClient, ann: HttpClient) -> None:
        me = ann("GET", "/v1/users/me").json
        wanted = {"display_name": "Ann Ä.", "avatar": "https://a.example/1.png"}
        reply = ann("PATCH", "/v1/users/me", wanted)
        assert (reply.status, reply.json) == (200, me | wanted)
        assert ann("GET", "/v1/users/me").json == me | wanted
        seen = signed_in(client, "bob")("GET", f"/v1/users/{me['user_id']}").json
        assert seen == {"user_id": me["user_id"], "username": "ann", **wanted}

    def test_null_clears_the_avatar_and_what_is_not_named_stays(self, ann: HttpClient) -> None:
        ann("PATCH", "/v1/users/me", {"display_name": "Ann B.", "avatar": "https://a.example/1.png"})
        reply = ann("PATCH", "/v1/users/me", {"avatar": None, "username": "of_no_interest"})
        assert reply.json.keys() == {"user_id", "username", "display_name", "created_at", "contactable"}
        assert (reply.json["username"], reply.json["display_name"]) == ("ann", "Ann B.")
        assert ann("PATCH", "/v1/users/me", {}).json == reply.json

    def test_says_who_may_add_one_and_null_lets_everybody(self, ann: HttpClient) -> None:
        said: list[object] = [{"contactable": "contacts"}, {"display_name": "Ann B."}, {"contactable": None}]
        answers = [ann("PATCH", "/v1/users/me", body).json["contactable"] for body in said]
        assert answers == ["contacts", "contacts", "everybody"]
        assert ann("GET", "/v1/users/me").json["contactable"] == "everybody"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("display_name", None),
            ("display_name", " "),
            ("avatar", "http://a.example/1"),
            ("contactable", "nobody"),
            ("contactable", True),
        ],
    )
    def test_a_wrong_field_is_named(self, ann: HttpClient, name: str, value: object) -> None:
        reply = ann("PATCH", "/v1/users/me", {name: value})
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(f"{name}: ")


class TestNotifications:
    QUIET: ClassVar = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Zurich"}

    def test_are_changed_one_by_one(self, ann: HttpClient) -> None:
        usual = {"previews": True, "mentions_pierce_mute": True}
        reply = ann("GET", "/v1/users/me/notifications")
        assert (reply.status, reply.json) == (200, usual)
        said: list[object] = [{"quiet": self.QUIET}, {"previews": False}, {"quiet": None}, {}]
        answers = [ann("PATCH", "/v1/users/me/notifications", body).json for body in said]
        discreet = usual | {"previews": False}
        assert answers == [usual | {"quiet": self.QUIET}, discreet | {"quiet": self.QUIET}, discreet, discreet]
        assert ann("GET", "/v1/users/me/notifications").json == discreet

    def test_are_ones_own(self, client: HttpClient, ann: HttpClient) -> None:
        user(client, "bob")
        ann("PATCH", "/v1/users/me/notifications", {"previews": False})
        assert signed_in(client, "bob")("GET", "/v1/users/me/notifications").json["previews"] is True

    def test_a_wrong_field_is_named_and_changes_nothing(self, ann: HttpClient) -> None:
        before = ann("GET", "/v1/users/me/notifications").json
        wrong = {"previews": False, "quiet": self.QUIET | {"time_zone": "../../etc/passwd"}}
        reply = ann("PATCH", "/v1/users/me/notifications", wrong)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith("quiet.time_zone: ")
        assert ann("GET", "/v1/users/me/notifications").json == before


class TestPassword:
    def test_is_changed_and_ends_the_other_sessions(self, client: HttpClient, ann: HttpClient) -> None:
        other = signed_in(client, "ann")
        reply = ann("PUT", "/v1/users/me/password", {"current": PASSWORD, "new": NEW})
        assert (reply.status, reply.text) == (204, "")
        assert other("GET", "/v1/users/me").code == "unauthenticated"
        assert ann("GET", "/v1/users/me").status == 200
        assert sign_in(client, "ann").code == "bad_credentials"
        assert sign_in(client, "ann", password=NEW).status == 201

    def test_a_wrong_one_is_refused_and_in_the_end_limited(self, ann: HttpClient) -> None:
        wrong = {"current": "wrong", "new": NEW}
        replies = [ann("PUT", "/v1/users/me/password", wrong) for _ in range(3)]
        assert [(reply.status, reply.code) for reply in replies] == [(401, "bad_credentials")] * 2 + [
            (429, "rate_limited")
        ]

    @pytest.mark.parametrize(
        ("name", "value"), [("current", None), ("new", "too short"), ("new", "x" * 129), ("new", None)]
    )
    def test_a_wrong_field_is_named_and_not_repeated(self, ann: HttpClient, name: str, value: object) -> None:
        reply = ann("PUT", "/v1/users/me/password", {"current": PASSWORD, "new": NEW, name: value})
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith(f"{name}: ")
        assert NEW not in reply.text
        assert PASSWORD not in reply.text


@pytest.mark.parametrize("relation", ["contacts", "blocks"])
class TestRelations:
    def test_are_put_listed_and_deleted(self, ann: HttpClient, bob: UserId, relation: str) -> None:
        for _ in range(2):
            assert ann("PUT", f"/v1/{relation}/{bob}").status == 204
        assert ann("GET", f"/v1/{relation}").json == {"items": [profile(bob, "bob")]}
        for _ in range(2):
            assert ann("DELETE", f"/v1/{relation}/{bob}").status == 204
        assert ann("GET", f"/v1/{relation}").json == {"items": []}

    def test_nobody_and_oneself(self, ann: HttpClient, relation: str) -> None:
        me = ann("GET", "/v1/users/me").json["user_id"]
        for nobody in ("unknown", "%00", "a%2Fb"):
            assert ann("PUT", f"/v1/{relation}/{nobody}").code == "not_found"
        assert ann("PUT", f"/v1/{relation}/{me}").code == "bad_request"

    def test_page_by_page(self, client: HttpClient, ann: HttpClient, relation: str) -> None:
        people = sorted(user(client, f"user{number}") for number in range(5))
        for person in people:
            ann("PUT", f"/v1/{relation}/{person}")
        listed, query = [], {"limit": "2"}
        while True:
            page = ann("GET", f"/v1/{relation}", query=query).json
            listed += [item["user_id"] for item in page["items"]]
            assert len(page["items"]) <= 2
            if "next_cursor" not in page:
                break
            query["cursor"] = page["next_cursor"]
        assert listed == people

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"cursor": "x"}])
    def test_a_wrong_query_is_named(self, ann: HttpClient, relation: str, query: dict[str, str]) -> None:
        reply = ann("GET", f"/v1/{relation}", query=query)
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith(next(iter(query)))


class TestBlocks:
    def test_make_the_two_unknown_to_each_other(self, client: HttpClient, ann: HttpClient, bob: UserId) -> None:
        bobs = signed_in(client, "bob")
        me = ann("GET", "/v1/users/me").json["user_id"]
        ann("PUT", f"/v1/blocks/{bob}")
        for asking, other, name in ((ann, bob, "bob"), (bobs, me, "ann")):
            for reply in (asking("GET", f"/v1/users/{other}"), asking("PUT", f"/v1/contacts/{other}")):
                assert (reply.status, reply.code) == (404, "not_found")
            assert asking("GET", "/v1/users", query={"username": name}).json == {"items": []}
        assert bobs("GET", "/v1/blocks").json == {"items": []}
        assert bobs("PUT", f"/v1/blocks/{me}").status == 204


class TestDevices:
    def test_are_listed_with_how_they_are_woken(self, client: HttpClient, ann: HttpClient) -> None:
        phone = signed_in(client, "ann", device={"device_id": "0-phone", "name": "Phone", "platform": "ios"})
        assert phone("PUT", "/v1/devices/0-phone/push", {"provider": "apns", "token": "secret-token"}).status == 204
        reply = ann("GET", "/v1/devices")
        assert reply.json["items"][0] == {
            "device_id": "0-phone",
            "name": "Phone",
            "platform": "ios",
            "last_seen_at": NOON,
            "push": "apns",
        }
        assert reply.json["items"][1].keys() == {"device_id", "platform", "last_seen_at"}
        assert "secret-token" not in reply.text
        for _ in range(2):
            assert ann("DELETE", "/v1/devices/0-phone/push").status == 204
        assert "push" not in ann("GET", "/v1/devices", query={"limit": "1"}).json["items"][0]

    @pytest.mark.usefixtures("bob")
    def test_of_others_are_unknown(self, client: HttpClient, ann: HttpClient) -> None:
        sign_in(client, "bob", device={"device_id": "bobs-phone"})
        for device in ("bobs-phone", "unknown", "a%2Fb"):
            for method, body in (("PUT", {"provider": "fcm", "token": "t"}), ("DELETE", None)):
                reply = ann(method, f"/v1/devices/{device}/push", body)
                assert (reply.status, reply.code) == (404, "not_found")

    @pytest.mark.parametrize(("name", "value"), [("provider", "pigeon"), ("token", ""), ("token", None)])
    @pytest.mark.usefixtures("ann")
    def test_a_wrong_field_is_named(self, client: HttpClient, name: str, value: object) -> None:
        phone = signed_in(client, "ann", device={"device_id": "phone"})
        reply = phone("PUT", "/v1/devices/phone/push", {"provider": "fcm", "token": "t", name: value})
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith(f"{name}: ")


def test_anybody_may_know_the_key_that_browsers_subscribe_with(client: HttpClient) -> None:
    reply = client("GET", "/v1/push/web-key")
    assert (reply.status, reply.json) == (200, {"public_key": "BKEY"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v1/users/me"),
        ("PUT", "/v1/users/me/password"),
        ("GET", "/v1/contacts"),
        ("PUT", "/v1/contacts/someone"),
        ("DELETE", "/v1/contacts/someone"),
        ("GET", "/v1/blocks"),
        ("PUT", "/v1/blocks/someone"),
        ("DELETE", "/v1/blocks/someone"),
        ("GET", "/v1/devices"),
        ("PUT", "/v1/devices/phone/push"),
        ("DELETE", "/v1/devices/phone/push"),
    ],
)
def test_all_are_closed_to_strangers(client: HttpClient, method: str, path: str) -> None:
    assert client(method, path).code == "unauthenticated"


class TestErasure:
    def test_needs_the_password_and_ends_the_session(self, ann: HttpClient) -> None:
        wrong = ann("DELETE", "/v1/users/me", {"password": "wrong horse"})
        assert (wrong.status, wrong.code) == (401, "bad_credentials")
        assert ann("GET", "/v1/users/me").status == 200
        reply = ann("DELETE", "/v1/users/me", {"password": PASSWORD})
        assert (reply.status, reply.text) == (202, "")
        assert ann("GET", "/v1/users/me").code == "unauthenticated"


class TestExport:
    def test_is_waited_for_and_then_lies_elsewhere(self, world: World, ann: HttpClient) -> None:
        reply = ann("GET", "/v1/users/me/export")
        assert (reply.status, reply.json) == (202, {"retry_after_ms": 2000})
        assert (reply.headers["Retry-After"], reply.headers["Cache-Control"]) == ("2", "no-store")
        ((user, export_id),) = world.exporter.started
        assert world.exports.finish(user, export_id, at=NOON)
        reply = ann("GET", "/v1/users/me/export")
        assert (reply.status, reply.headers["Location"]) == (302, f"memory://{user}/{export_id}")
        assert reply.headers["Cache-Control"] == "no-store"
        reply = ann("GET", "/v1/users/me/export", headers={"Accept": "application/json"})
        assert (reply.status, reply.json) == (200, {"url": f"memory://{user}/{export_id}"})
        assert (reply.headers["Cache-Control"], reply.headers["Vary"]) == ("no-store", "Accept")

    def test_is_of_who_asks(self, client: HttpClient) -> None:
        assert client("GET", "/v1/users/me/export").code == "unauthenticated"


class TestPresence:
    def test_those_are_shown_whom_one_may_see_in_the_order_asked_for(
        self, world: World, client: HttpClient, ann: HttpClient, bob: UserId
    ) -> None:
        """P8. API Gateway makes one of a parameter that is given several times."""
        me, stranger = ann("GET", "/v1/users/me").json["user_id"], user(client, "mallory")
        world.contacts.add(me, bob, at=NOON)
        world.contacts.add(bob, me, at=NOON)
        reply = ann("GET", "/v1/presence", query={"user_id": f"{bob},{stranger},nobody,{me},{bob}"})
        assert (reply.status, reply.json) == (
            200,
            {"users": [{"user_id": bob, "state": "offline"}, {"user_id": me, "state": "offline"}]},
        )

    @pytest.mark.parametrize("query", [{}, {"user_id": ""}, {"user_id": "a b"}, {"user_id": ",".join("u" * 101)}])
    def test_a_wrong_list_is_named(self, ann: HttpClient, query: dict[str, str]) -> None:
        reply = ann("GET", "/v1/presence", query=query)
        assert (reply.status, reply.json["code"]) == (400, "bad_request")
        assert reply.json["detail"].startswith("user_id")
