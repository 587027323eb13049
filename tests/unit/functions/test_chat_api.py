import dataclasses
from typing import Any

import pytest

from functions.chat_api.handler import build
from natter import __version__
from natter.domain.attachments import UploadForm
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from tests.chat import Chat
from tests.files import a_file
from tests.http import HttpClient, Reply
from tests.identity import NOON
from tests.messages import a_command, a_post, attached, text
from tests.person import Person


class Down:
    def probe(self) -> None:
        raise Unavailable("the store")


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
            "notify": "all",
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


class TestInbox:
    def test_is_read_page_by_page(self, chat: Chat, ann: Person, bob: Person) -> None:
        lobby, kitchen = chat.group(ann.user_id), chat.group(ann.user_id, bob.user_id)
        chat.world.clock.advance(seconds=1)
        chat.say(lobby, ann.user_id, a_post("m2"))
        first = ann.call("GET", "/v1/conversations", query={"limit": "1"}).json
        (item,) = first["items"]
        assert (item["conversation_id"], item["head"]["seq"], item["last_message"]["client_id"]) == (lobby, 2, "m2")
        second = ann.call("GET", "/v1/conversations", query={"cursor": first["next_cursor"]}).json
        assert [each["conversation_id"] for each in second["items"]] == [kitchen]
        assert "next_cursor" not in second
        assert bob.call("GET", "/v1/conversations").json == {
            "items": [bob.call("GET", f"/v1/conversations/{kitchen}").json]
        }

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"cursor": "x"}])
    def test_a_wrong_query_is_named(self, ann: Person, query: dict[str, str]) -> None:
        reply = ann.call("GET", "/v1/conversations", query=query)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(query)))


class TestConversation:
    def test_is_shown_to_its_members(self, chat: Chat, ann: Person, bob: Person) -> None:
        lobby = chat.group(ann.user_id, bob.user_id)
        chat.say(lobby, ann.user_id, a_post("m2"))
        reply = bob.call("GET", f"/v1/conversations/{lobby}")
        assert reply.status == 200
        last_message = reply.json.pop("last_message")
        assert (last_message["seq"], last_message["content"]) == (2, text("hello"))
        assert [reply.json[name] for name in ("conversation_id", "unread", "read_seq", "role")] == [
            lobby,
            1,
            1,
            "member",
        ]

    def test_a_stranger_cannot_tell_whether_there_is_one(self, chat: Chat, ann: Person) -> None:
        """P8."""
        lobby, stranger = chat.group(ann.user_id), Person(chat, "mallory")
        replies = [stranger.call("GET", f"/v1/conversations/{each}") for each in (lobby, "nowhere", "%00")]
        assert {(reply.status, reply.code, reply.text) for reply in replies} == {(403, "not_member", replies[0].text)}


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
        body = {"positions": {lobby: {"seq": 1, "read_seq": 1}, "nowhere": {"seq": 5, "read_seq": 0}}}
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
            "notify": "all",
        }
        assert gone == {"conversation_id": "nowhere", "removed": True}
        assert reply.json["at"] == NOON

    def test_page_by_page(self, chat: Chat, ann: Person) -> None:
        for number in range(201):
            chat.group(ann.user_id, conversation_id=ConversationId(f"group-{number:03}"))
        first = ann.call("POST", "/v1/sync", {"positions": {}}).json
        second = ann.call("POST", "/v1/sync", {"positions": {}, "cursor": first["next_cursor"]}).json
        assert len(first["conversations"]) == 200
        assert [each["conversation_id"] for each in second["conversations"]] == ["group-200"]
        assert "next_cursor" not in second

    @pytest.mark.parametrize(
        "body", [{"positions": []}, {"limit": 0, "positions": {}}, {"cursor": "x", "positions": {}}]
    )
    def test_a_wrong_field_is_named(self, ann: Person, body: dict[str, object]) -> None:
        reply = ann.call("POST", "/v1/sync", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(next(iter(body)))


class TestAttachments:
    @pytest.fixture
    def lobby(self, chat: Chat, ann: Person, bob: Person) -> ConversationId:
        return chat.group(ann.user_id, bob.user_id)

    def offered(self, ann: Person, lobby: ConversationId, **changes: object) -> Reply:
        body = dataclasses.asdict(a_file(b"cat")) | changes
        return ann.call("POST", f"/v1/conversations/{lobby}/attachments", body)

    def test_a_form_to_upload_with(self, chat: Chat, ann: Person, lobby: ConversationId) -> None:
        reply = self.offered(ann, lobby)
        assert (reply.status, reply.json.keys()) == (201, {"attachment_id", "upload"})
        assert chat.attachments.upload(UploadForm(**reply.json["upload"]), b"cat")

    def test_a_download_is_a_redirect(self, chat: Chat, ann: Person, bob: Person, lobby: ConversationId) -> None:
        made = self.offered(ann, lobby).json
        path = f"/v1/conversations/{lobby}/attachments/{made['attachment_id']}"
        assert bob.call("GET", path).code == "not_found"
        chat.attachments.upload(UploadForm(**made["upload"]), b"cat")
        shown = a_post("m1", content=attached(made["attachment_id"]))
        chat.send(a_command(shown, sender=ann.user_id, conversation=lobby))
        chat.fold()
        reply = bob.call("GET", path)
        assert (reply.status, reply.text) == (302, "")
        assert (reply.headers["Cache-Control"], reply.headers["Vary"]) == ("no-store", "Accept")
        assert chat.attachments.download(reply.headers["Location"]) == (a_file(b"cat"), b"cat")

    @pytest.mark.parametrize("accept", ["application/json", "Application/JSON;q=0.9, text/plain, */*"])
    def test_who_asks_for_json_is_told_where(
        self, chat: Chat, ann: Person, bob: Person, lobby: ConversationId, accept: str
    ) -> None:
        """An image in a page cannot send a token."""
        made = self.offered(ann, lobby).json
        path = f"/v1/conversations/{lobby}/attachments/{made['attachment_id']}"
        chat.attachments.upload(UploadForm(**made["upload"]), b"cat")
        shown = a_post("m1", content=attached(made["attachment_id"]))
        chat.send(a_command(shown, sender=ann.user_id, conversation=lobby))
        chat.fold()
        reply = bob.call("GET", path, headers={"accept": accept})
        assert (reply.status, reply.headers["Cache-Control"], reply.headers["Vary"]) == (200, "no-store", "Accept")
        url = reply.json["url"]
        assert reply.json == {
            "url": url,
            "expires_in": 300,
            "name": "cat.png",
            "content_type": "image/png",
            "size": 3,
        }
        assert chat.attachments.download(url) == (a_file(b"cat"), b"cat")
        assert bob.call("GET", path, headers={"accept": "text/html, */*"}).status == 302

    def test_strangers_get_neither(self, chat: Chat, lobby: ConversationId) -> None:
        """P8."""
        mallory = Person(chat, "mallory")
        assert self.offered(mallory, lobby).code == "not_member"
        assert mallory.call("GET", f"/v1/conversations/{lobby}/attachments/a").code == "not_member"

    def test_a_wrong_field_is_named(self, ann: Person, lobby: ConversationId) -> None:
        reply = self.offered(ann, lobby, size=100 * 1024 * 1024 + 1)
        assert (reply.code, reply.json["detail"].partition(":")[0]) == ("bad_request", "size")


class TestReports:
    def test_a_report_is_taken(self, chat: Chat, ann: Person, bob: Person) -> None:
        lobby = chat.group(ann.user_id, bob.user_id)
        reply = bob.call("POST", "/v1/reports", {"conversation_id": lobby, "seq": 1, "reason": "spam"})
        assert (reply.status, reply.text) == (202, "")
        (report,) = chat.reports.of(lobby)
        assert (report.seq, report.reporter, report.reason) == (1, bob.user_id, "spam")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"reason": ""}, "bad_request"), ({"seq": 9}, "not_found"), ({"conversation_id": "nowhere"}, "not_member")],
        ids=str,
    )
    def test_a_refusal(self, chat: Chat, ann: Person, changes: dict[str, object], code: str) -> None:
        lobby = chat.group(ann.user_id)
        body = {"conversation_id": lobby, "seq": 1, "reason": "spam"} | changes
        assert ann.call("POST", "/v1/reports", body).code == code


class TestHealth:
    def test_is_open_to_everybody(self, chat: Chat) -> None:
        reply = HttpClient(build(chat.engines))("GET", "/v1/health")
        assert (reply.status, reply.json) == (200, {"status": "ok", "version": __version__})

    def test_says_when_a_store_does_not_answer(self, chat: Chat) -> None:
        chat.engines.probes = (Down(),)
        reply = HttpClient(build(chat.engines))("GET", "/v1/health")
        assert (reply.status, reply.json) == (503, {"status": "unavailable", "version": __version__})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/conversations"),
        ("GET", "/v1/conversations"),
        ("GET", "/v1/conversations/lobby"),
        ("GET", "/v1/conversations/lobby/events"),
        ("POST", "/v1/sync"),
        ("POST", "/v1/conversations/lobby/attachments"),
        ("GET", "/v1/conversations/lobby/attachments/a"),
        ("POST", "/v1/reports"),
    ],
)
def test_all_others_are_closed_to_strangers(chat: Chat, method: str, path: str) -> None:
    assert HttpClient(build(chat.engines))(method, path).code == "unauthenticated"
