import json
from typing import Any

import pytest

from natter.domain.conversations.records import ConversationRecord, CreateRequest
from natter.domain.errors import BadRequest
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.reading.views import ConversationView, Missed, Page, Position, Synced
from natter.wire.base import parse
from natter.wire.conversations import ConversationAnswer, NewConversationBody
from natter.wire.reading import EventsQuery, PageAnswer, SyncAnswer, SyncBody
from tests.messages import ANN, BOB, LOBBY, NOON, a_head, an_event, text

GROUP = {"kind": "group", "title": "Lobby", "members": ["bob"]}


def a_record(**changes: Any) -> ConversationRecord:
    made = {
        "conversation_id": LOBBY,
        "kind": "group",
        "title": "Lobby",
        "avatar": None,
        "history": "joined",
        "created_by": ANN,
        "created_at": NOON,
        "member_count": 2,
        "role": "owner",
        "muted_until": None,
        "archived": False,
        "peer": None,
        "peer_name": None,
    }
    return ConversationRecord(**{**made, **changes})


def a_view(*, head: Head | None = None, first_seq: int = 1, **changes: Any) -> ConversationView:
    return ConversationView(
        record=a_record(**changes), head=head or a_head(5), first_seq=first_seq, read_seq=2, unread=3
    )


def written(answer: Any) -> Any:
    return json.loads(answer.to_json())


class TestNewConversationBody:
    def test_a_direct_conversation(self) -> None:
        body = parse(NewConversationBody, {"kind": "direct", "members": ["bob"], "title": "ignored"})
        assert body.to_request(ANN) == CreateRequest(creator=ANN, kind="direct", members=(BOB,))

    def test_a_group(self) -> None:
        body = parse(NewConversationBody, {**GROUP, "history": "all", "conversation_id": "lobby"})
        assert body.to_request(ANN) == CreateRequest(
            creator=ANN, kind="group", members=(BOB,), title="Lobby", history="all", conversation_id=LOBBY
        )

    def test_a_group_of_one_shows_what_happens_from_joining_on(self) -> None:
        request = parse(NewConversationBody, {**GROUP, "members": []}).to_request(ANN)
        assert (request.members, request.history, request.conversation_id) == ((), "joined", None)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"members": ["bob"]}, "kind"),
            ({"kind": "triangle", "members": ["bob"]}, "kind"),
            ({"kind": "direct"}, "direct.members"),
            ({"kind": "direct", "members": []}, "direct.members"),
            ({"kind": "direct", "members": ["bob", "cid"]}, "direct.members"),
            ({"kind": "direct", "members": "bob"}, "direct.members"),
            ({"kind": "direct", "members": [5]}, "direct.members.0"),
            ({"kind": "group", "members": []}, "group.title"),
            ({**GROUP, "title": " "}, "group.title"),
            ({**GROUP, "title": "a\nb"}, "group.title"),
            ({**GROUP, "title": "x" * 101}, "group.title"),
            ({**GROUP, "members": [f"u{n}" for n in range(101)]}, "group.members"),
            ({**GROUP, "members": ["a b"]}, "group.members.0"),
            ({**GROUP, "history": "none"}, "group.history"),
            ({**GROUP, "conversation_id": "a/b"}, "group.conversation_id"),
        ],
    )
    def test_a_wrong_field_is_named(self, body: dict[str, Any], field: str) -> None:
        with pytest.raises(BadRequest) as refusal:
            parse(NewConversationBody, body)
        assert refusal.value.detail.startswith(f"{field}: ")


class TestEventsQuery:
    @pytest.mark.parametrize(
        ("query", "read"),
        [
            ({}, (None, None, 50)),
            ({"after": "0"}, (0, None, 50)),
            ({"before": "7", "limit": "200"}, (None, 7, 200)),
            ({"limit": "1", "unknown": "x"}, (None, None, 1)),
        ],
    )
    def test_numbers_are_text_here(self, query: dict[str, str], read: tuple[Any, ...]) -> None:
        parsed = parse(EventsQuery, query)
        assert (parsed.after, parsed.before, parsed.limit) == read

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "201"}, "limit"),
            ({"limit": "many"}, "limit"),
            ({"after": "-1"}, "after"),
            ({"after": ""}, "after"),
            ({"before": str(2**53)}, "before"),
            ({"before": "1.5"}, "before"),
            ({"after": "1", "before": "5"}, "after, before"),
        ],
    )
    def test_a_wrong_field_is_named(self, query: dict[str, str], field: str) -> None:
        with pytest.raises(BadRequest, match=f"^{field}: "):
            parse(EventsQuery, query)


class TestSyncBody:
    def test_positions(self) -> None:
        body = parse(
            SyncBody, {"positions": {"lobby": {"seq": 7, "read_seq": 5}, "kitchen": {"seq": 0, "read_seq": 0}}}
        )
        assert body.to_positions() == {
            LOBBY: Position(seq=7, read_seq=5),
            ConversationId("kitchen"): Position(seq=0, read_seq=0),
        }
        assert (body.limit, body.cursor) == (50, None)

    def test_of_nothing_all_is_asked(self) -> None:
        assert parse(SyncBody, {"positions": {}}).to_positions() == {}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"positions": []}, "positions"),
            ({"positions": {"lobby": 5}}, "positions.lobby"),
            ({"positions": {"lobby": {}}}, "positions.lobby.seq"),
            ({}, "positions"),
            ({"positions": None}, "positions"),
            ({"positions": {"lobby": {"seq": 0}}}, "positions.lobby.read_seq"),
            ({"positions": {"lobby": {"read_seq": 0}}}, "positions.lobby.seq"),
            ({"positions": {"lobby": {"seq": 0, "read_seq": None}}}, "positions.lobby.read_seq"),
            ({"positions": {"lobby": {"seq": -1}}}, "positions.lobby.seq"),
            ({"positions": {"lobby": {"seq": "1"}}}, "positions.lobby.seq"),
            ({"positions": {"lobby": {"seq": 1, "read_seq": 2**53}}}, "positions.lobby.read_seq"),
            ({"positions": {"a b": {"seq": 1}}}, "positions"),
            ({"positions": {}, "limit": 0}, "limit"),
            ({"positions": {}, "limit": 201}, "limit"),
            ({"positions": {}, "limit": "5"}, "limit"),
            ({"positions": {}, "cursor": "x" * 257}, "cursor"),
        ],
    )
    def test_a_wrong_field_is_named(self, body: dict[str, Any], field: str) -> None:
        with pytest.raises(BadRequest) as refusal:
            parse(SyncBody, body)
        assert refusal.value.detail.startswith(field)


class TestConversationAnswer:
    def test_a_group(self) -> None:
        answer = written(ConversationAnswer.of(a_view()))
        assert answer == {
            "conversation_id": LOBBY,
            "kind": "group",
            "title": "Lobby",
            "created_at": NOON,
            "created_by": ANN,
            "member_count": 2,
            "first_seq": 1,
            "head": {"seq": 5, "at": NOON},
            "role": "owner",
            "read_seq": 2,
            "unread": 3,
            "archived": False,
            "notify": "all",
            "history": "joined",
        }

    def test_a_direct_conversation_has_a_peer_and_no_title(self) -> None:
        view = a_view(kind="direct", title=None, role="member", peer=UserId("bob"), peer_name="Bob")
        answer = written(ConversationAnswer.of(view))
        assert answer["peer"] == {"user_id": "bob", "display_name": "Bob"}
        assert {"title", "history"}.isdisjoint(answer)

    @pytest.mark.parametrize(("first_seq", "is_shown"), [(1, True), (4, True), (5, False)])
    def test_the_last_message_is_shown_to_who_may_read_it(self, first_seq: int, *, is_shown: bool) -> None:
        """P8."""
        head = a_head(5, preview=an_event(4, payload={"content": text("hello")}))
        answer = written(ConversationAnswer.of(a_view(head=head, first_seq=first_seq)))
        assert ("last_message" in answer) is is_shown
        if is_shown:
            assert answer["last_message"]["content"] == text("hello")


class TestPageAnswer:
    def test_a_page(self) -> None:
        page = Page(events=(an_event(4), an_event(5)), has_more=True, first_seq=2, head=a_head(5))
        answer = written(PageAnswer.of(page))
        assert [event["seq"] for event in answer.pop("events")] == [4, 5]
        assert answer == {"has_more": True, "first_seq": 2, "head_seq": 5, "state_seq": 5}


class TestSyncAnswer:
    def test_what_was_missed_and_what_is_gone(self) -> None:
        missed = Missed(view=a_view(), events=(an_event(5),), limited=False)
        synced = Synced(missed=(missed,), removed=(ConversationId("kitchen"),), next_cursor="c", at=NOON)
        answer = written(SyncAnswer.of(synced))
        (lobby, kitchen) = answer.pop("conversations")
        assert answer == {"next_cursor": "c", "at": NOON}
        assert [event["seq"] for event in lobby.pop("events")] == [5]
        assert lobby == {
            "conversation_id": LOBBY,
            "limited": False,
            "first_seq": 1,
            "head_seq": 5,
            "state_seq": 5,
            "read_seq": 2,
            "unread": 3,
            "archived": False,
            "notify": "all",
        }
        assert kitchen == {"conversation_id": "kitchen", "removed": True}

    def test_nothing_was_missed(self) -> None:
        assert written(SyncAnswer.of(Synced(missed=(), removed=(), next_cursor=None, at=NOON))) == {
            "conversations": [],
            "at": NOON,
        }
