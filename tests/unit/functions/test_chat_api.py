from typing import Any

import pytest

from functions.chat_api.handler import build
from natter import __version__
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from tests.chat import Chat
from tests.http import HttpClient
from tests.identity import NOON, a_sign_in
from tests.messages import a_post, text


class Down:
    def probe(self) -> None:
        raise Unavailable("the store")


class Person:
    """A signed-in user, and the HTTP API as they see it."""

    def __init__(self, chat: Chat, name: str) -> None:
        self.user_id = chat.person(name)
        signed_in = chat.world.service.sign_in(a_sign_in(name))
        self.call = HttpClient(build(chat.service()), token=signed_in.access_token)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def ann(chat: Chat) -> Person:
    return Person(chat, "ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return Person(chat, "bob")


def a_group(*members: UserId, **changes: Any) -> dict[str, Any]:
    return {"kind": "group", "title": "Lobby", "members": list(members)} | changes


class TestCreate:
    def test_a_new_group_is_201_and_the_same_again_is_200(self, ann: Person, bob: Person) -> None:
        body = a_group(bob.user_id, conversation_id="lobby", history="all")
        first, again = ann.call("POST", "/v1/conversations", body), ann.call("POST", "/v1/conversations", body)
        assert (first.status, again.status) == (201, 200)
        assert first.json == {
            "conversation_id": "lobby",
            "kind": "group",
            "title": "Lobby",
            "created_at": NOON,
            "created_by": ann.user_id,
            "member_count": 2,
            "first_seq": 1,
            "head": {"seq": 0, "at": NOON},
            "role": "owner",
            "read_seq": 1,
            "unread": 0,
            "archived": False,
            "history": "all",
        }
        assert again.json == first.json

    def test_a_direct_conversation_is_the_same_from_both_sides(self, ann: Person, bob: Person) -> None:
        mine = ann.call("POST", "/v1/conversations", {"kind": "direct", "members": [bob.user_id]})
        theirs = bob.call("POST", "/v1/conversations", {"kind": "direct", "members": [ann.user_id]})
        assert (mine.status, theirs.status) == (201, 200)
        assert mine.json["conversation_id"] == theirs.json["conversation_id"]
        assert mine.json["peer"] == {"user_id": bob.user_id, "display_name": "bob"}
        assert theirs.json["peer"] == {"user_id": ann.user_id, "display_name": "ann"}

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"kind": "triangle", "members": []}, 400, "bad_request"),
            (a_group(title=""), 400, "bad_request"),
            (a_group(UserId("nobody")), 404, "not_found"),
            ({"kind": "direct", "members": ["nobody"]}, 404, "not_found"),
        ],
    )
    def test_a_refusal(self, ann: Person, body: object, status: int, code: str) -> None:
        reply = ann.call("POST", "/v1/conversations", body)
        assert (reply.status, reply.code) == (status, code)

    def test_an_id_of_somebody_elses(self, ann: Person, bob: Person) -> None:
        ann.call("POST", "/v1/conversations", a_group(conversation_id="lobby"))
        reply = bob.call("POST", "/v1/conversations", a_group(conversation_id="lobby"))
        assert (reply.status, reply.code) == (409, "conflict")


class TestEvents:
    @pytest.fixture
    def lobby(self, chat: Chat, ann: Person, bob: Person) -> ConversationId:
        lobby = chat.group(ann.user_id, bob.user_id)
        chat.say(lobby, ann.user_id, a_post("m2"), a_post("m3"))
        return lobby

    def test_a_page(self, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("GET", f"/v1/conversations/{lobby}/events", query={"after": "0", "limit": "2"})
        assert reply.status == 200
        page = reply.json
        beginning, message = page.pop("events")
        assert page == {"has_more": True, "first_seq": 1, "head_seq": 3, "state_seq": 3}
        assert (beginning["seq"], beginning["type"], beginning["title"]) == (1, "conversation_created", "Lobby")
        assert (message["seq"], message["client_id"], message["content"]) == (2, "m2", text("hello"))

    def test_the_newest_and_those_before(self, bob: Person, lobby: ConversationId) -> None:
        newest = bob.call("GET", f"/v1/conversations/{lobby}/events", query={"limit": "1"}).json
        before = bob.call("GET", f"/v1/conversations/{lobby}/events", query={"before": "3"}).json
        assert [[event["seq"] for event in page["events"]] for page in (newest, before)] == [[3], [1, 2]]
        assert (newest["has_more"], before["has_more"]) == (True, False)

    @pytest.mark.parametrize("query", [{"after": "1", "before": "3"}, {"limit": "201"}, {"after": "x"}])
    def test_a_wrong_query_is_named(self, bob: Person, lobby: ConversationId, query: dict[str, str]) -> None:
        reply = bob.call("GET", f"/v1/conversations/{lobby}/events", query=query)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(query)))

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, lobby: ConversationId
    ) -> None:
        """P8."""
        stranger = Person(chat, "mallory")
        replies = [stranger.call("GET", f"/v1/conversations/{each}/events") for each in (lobby, "nowhere", "%00")]
        assert {(reply.status, reply.code, reply.text) for reply in replies} == {(403, "not_member", replies[0].text)}


class TestSync:
    def test_what_was_missed_and_what_is_gone(self, chat: Chat, ann: Person, bob: Person) -> None:
        lobby = chat.group(ann.user_id, bob.user_id)
        chat.say(lobby, ann.user_id, a_post("m2"))
        body = {"positions": {lobby: {"seq": 1, "read_seq": 1}, "nowhere": {"seq": 5}}}
        reply = bob.call("POST", "/v1/sync", body)
        assert reply.status == 200
        missed, gone = reply.json["conversations"]
        assert [event["client_id"] for event in missed.pop("events")] == ["m2"]
        assert missed == {
            "conversation_id": lobby,
            "limited": False,
            "first_seq": 1,
            "head_seq": 2,
            "state_seq": 2,
            "read_seq": 1,
            "unread": 1,
            "archived": False,
        }
        assert gone == {"conversation_id": "nowhere", "removed": True}
        assert reply.json["at"] == NOON

    def test_page_by_page(self, chat: Chat, ann: Person) -> None:
        for number in range(201):
            chat.group(ann.user_id, conversation_id=ConversationId(f"group-{number:03}"))
        first = ann.call("POST", "/v1/sync", {}).json
        second = ann.call("POST", "/v1/sync", {"cursor": first["next_cursor"]}).json
        assert len(first["conversations"]) == 200
        assert [each["conversation_id"] for each in second["conversations"]] == ["group-200"]
        assert "next_cursor" not in second

    @pytest.mark.parametrize("body", [{"positions": []}, {"limit": 0}, {"cursor": "x"}])
    def test_a_wrong_field_is_named(self, ann: Person, body: dict[str, object]) -> None:
        reply = ann.call("POST", "/v1/sync", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(body)))


class TestHealth:
    def test_is_open_to_everybody(self, chat: Chat) -> None:
        reply = HttpClient(build(chat.service()))("GET", "/v1/health")
        assert (reply.status, reply.json) == (200, {"status": "ok", "version": __version__})

    def test_says_when_a_store_does_not_answer(self, chat: Chat) -> None:
        reply = HttpClient(build(chat.service(Down())))("GET", "/v1/health")
        assert (reply.status, reply.json) == (503, {"status": "unavailable", "version": __version__})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/conversations"), ("GET", "/v1/conversations/lobby/events"), ("POST", "/v1/sync")],
)
def test_all_others_are_closed_to_strangers(chat: Chat, method: str, path: str) -> None:
    assert HttpClient(build(chat.service()))(method, path).code == "unauthenticated"
