"""The routes of `chat_api` that change conversations and their members."""

from typing import Any

import pytest

from functions.chat_api.handler import build
from natter.domain.ids import ConversationId
from tests.chat import Chat
from tests.http import HttpClient
from tests.identity import NOON
from tests.person import Person

AVATAR = "https://a.example/1.png"


@pytest.fixture
def lobby(chat: Chat, ann: Person, bob: Person) -> ConversationId:
    """Ann's, with Bob."""
    return chat.group(ann.user_id, bob.user_id)


def item(person: Person, name: str, role: str) -> dict[str, Any]:
    return {"user_id": person.user_id, "display_name": name, "role": role, "joined_at": NOON}


class TestConversation:
    def test_gets_a_title_and_an_avatar(self, ann: Person, lobby: ConversationId) -> None:
        reply = ann.call("PATCH", f"/v1/conversations/{lobby}", {"title": "Küche", "avatar": AVATAR})
        assert (reply.status, reply.json["title"], reply.json["avatar"]) == (200, "Küche", AVATAR)
        cleared = ann.call("PATCH", f"/v1/conversations/{lobby}", {"avatar": None})
        assert cleared.json["title"] == "Küche"
        assert "avatar" not in cleared.json

    @pytest.mark.parametrize("body", [{"title": None}, {"avatar": "http://a.example"}, {"title": ""}])
    def test_a_wrong_field_is_named(self, ann: Person, lobby: ConversationId, body: dict[str, Any]) -> None:
        reply = ann.call("PATCH", f"/v1/conversations/{lobby}", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(body)))

    def test_is_not_for_members(self, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("PATCH", f"/v1/conversations/{lobby}", {"title": "Küche"})
        assert (reply.status, reply.code) == (403, "forbidden")


class TestSettings:
    def test_are_set_and_cleared(self, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("PATCH", f"/v1/conversations/{lobby}/me", {"muted_until": NOON + 1, "archived": True})
        assert (reply.status, reply.json["muted_until"], reply.json["archived"]) == (200, NOON + 1, True)
        assert reply.json["notify"] == "all"
        cleared = bob.call("PATCH", f"/v1/conversations/{lobby}/me", {"muted_until": None, "notify": "mentions"})
        assert "muted_until" not in cleared.json
        assert (cleared.json["archived"], cleared.json["notify"]) == (True, "mentions")

    def test_a_wrong_field_is_named(self, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("PATCH", f"/v1/conversations/{lobby}/me", {"archived": "yes"})
        assert (reply.status, reply.code) == (400, "bad_request")


class TestMembers:
    def test_are_listed(self, ann: Person, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("GET", f"/v1/conversations/{lobby}/members")
        assert reply.status == 200
        everybody = [item(ann, "ann", "owner"), item(bob, "bob", "member")]
        assert reply.json == {"items": sorted(everybody, key=lambda each: str(each["user_id"]))}

    def test_page_by_page(self, ann: Person, bob: Person, lobby: ConversationId) -> None:
        path = f"/v1/conversations/{lobby}/members"
        first = ann.call("GET", path, query={"limit": "1"}).json
        second = ann.call("GET", path, query={"limit": "1", "cursor": first["next_cursor"]}).json
        found = [each["user_id"] for page in (first, second) for each in page["items"]]
        assert found == sorted([ann.user_id, bob.user_id])
        assert "next_cursor" not in second

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"cursor": "x"}])
    def test_a_wrong_query_is_named(self, ann: Person, lobby: ConversationId, query: dict[str, str]) -> None:
        reply = ann.call("GET", f"/v1/conversations/{lobby}/members", query=query)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(query)))

    def test_are_added(self, ann: Person, cid: Person, lobby: ConversationId) -> None:
        reply = ann.call("POST", f"/v1/conversations/{lobby}/members", {"user_ids": [cid.user_id]})
        assert (reply.status, reply.json) == (200, {"items": [item(cid, "cid", "member")]})

    def test_an_unknown_one_is_404(self, ann: Person, cid: Person, lobby: ConversationId) -> None:
        path = f"/v1/conversations/{lobby}/members"
        replies = [
            ann.call("POST", path, {"user_ids": [cid.user_id, "nobody"]}),
            ann.call("PUT", f"{path}/nobody", {"role": "member"}),
            ann.call("PUT", f"{path}/no body", {"role": "member"}),
        ]
        assert [(reply.status, reply.code) for reply in replies] == [(404, "not_found")] * 3
        assert cid.call("GET", path).code == "not_member"

    def test_get_a_role(self, ann: Person, bob: Person, lobby: ConversationId) -> None:
        reply = ann.call("PUT", f"/v1/conversations/{lobby}/members/{bob.user_id}", {"role": "admin"})
        assert (reply.status, reply.text) == (204, "")
        assert bob.call("PATCH", f"/v1/conversations/{lobby}", {"title": "Küche"}).status == 200

    def test_leave_and_are_removed(self, ann: Person, bob: Person, lobby: ConversationId) -> None:
        path = f"/v1/conversations/{lobby}/members"
        assert ann.call("DELETE", f"{path}/{ann.user_id}").code == "last_owner"
        reply = ann.call("DELETE", f"{path}/{bob.user_id}")
        assert (reply.status, reply.text) == (204, "")
        assert bob.call("GET", path).code == "not_member"


ROUTES = [
    ("PATCH", "", {"title": "Küche"}),
    ("PATCH", "/me", {"archived": True}),
    ("GET", "/members", None),
    ("POST", "/members", {"user_ids": ["somebody"]}),
    ("PUT", "/members/somebody", {"role": "member"}),
    ("DELETE", "/members/somebody", None),
]


class TestStrangers:
    @pytest.mark.parametrize(("method", "path", "body"), ROUTES)
    def test_cannot_tell_whether_there_is_such_a_conversation(
        self, cid: Person, lobby: ConversationId, method: str, path: str, body: object
    ) -> None:
        """P8."""
        replies = [cid.call(method, f"/v1/conversations/{each}{path}", body) for each in (lobby, "nowhere")]
        assert {(reply.status, reply.code, reply.text) for reply in replies} == {(403, "not_member", replies[0].text)}

    @pytest.mark.parametrize(("method", "path", "body"), ROUTES)
    def test_must_sign_in(self, chat: Chat, method: str, path: str, body: object) -> None:
        reply = HttpClient(build(chat.engines))(method, f"/v1/conversations/lobby{path}", body)
        assert reply.code == "unauthenticated"
