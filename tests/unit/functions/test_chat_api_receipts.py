"""The routes of `chat_api` that say and show how far members have come."""

from typing import Any

import pytest

from natter.domain.ids import ConversationId
from natter.domain.limits import SIGNALS
from natter.domain.receipts import MAX_READERS_SHOWN, Receipt
from tests.chat import Chat
from tests.messages import a_post
from tests.person import Person


@pytest.fixture
def lobby(chat: Chat, ann: Person, bob: Person) -> ConversationId:
    """Ann's, with Bob; its head is at 3."""
    conversation = chat.group(ann.user_id, bob.user_id)
    chat.say(conversation, ann.user_id, a_post("m1"), a_post("m2"))
    return conversation


class TestRead:
    def test_is_202_and_in_the_log(self, chat: Chat, bob: Person, lobby: ConversationId) -> None:
        reply = bob.call("PUT", f"/v1/conversations/{lobby}/read", {"seq": 2})
        assert (reply.status, reply.text) == (202, "")
        assert [record.receipt for record in chat.receipt_log.records] == [
            Receipt(conversation_id=lobby, user_id=bob.user_id, read_seq=2, device_id=bob.device_id)
        ]

    @pytest.mark.parametrize("body", [{}, {"seq": 0}, {"seq": "2"}, {"seq": 4}, {"seq": 2**53}])
    def test_another_place_is_400(self, chat: Chat, bob: Person, lobby: ConversationId, body: Any) -> None:
        reply = bob.call("PUT", f"/v1/conversations/{lobby}/read", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith("seq: ")
        assert chat.receipt_log.records == []

    def test_strangers_are_403(self, chat: Chat, lobby: ConversationId) -> None:
        """P8."""
        reply = Person(chat, "mallory").call("PUT", f"/v1/conversations/{lobby}/read", {"seq": 2})
        assert (reply.status, reply.code) == (403, "not_member")

    def test_too_many_are_429(self, bob: Person, lobby: ConversationId) -> None:
        """Together with the frames that say so."""
        for _ in range(SIGNALS.burst):
            bob.call("PUT", f"/v1/conversations/{lobby}/read", {"seq": 2})
        reply = bob.call("PUT", f"/v1/conversations/{lobby}/read", {"seq": 2})
        assert (reply.status, reply.code) == (429, "rate_limited")


class TestCursors:
    def test_are_those_of_all_members(self, chat: Chat, ann: Person, bob: Person, lobby: ConversationId) -> None:
        bob.call("PUT", f"/v1/conversations/{lobby}/read", {"seq": 2})
        chat.fold_receipts(chat.receipt_log.records)
        reply = ann.call("GET", f"/v1/conversations/{lobby}/cursors")
        assert reply.status == 200
        assert reply.json == {
            "items": [
                {"user_id": ann.user_id, "read_seq": 3, "delivered_seq": 3},
                {"user_id": bob.user_id, "read_seq": 2, "delivered_seq": 2},
            ]
        }

    def test_of_larger_conversations_are_403(self, chat: Chat, ann: Person) -> None:
        large = chat.group(ann.user_id, *(chat.person(f"user{number}") for number in range(MAX_READERS_SHOWN)))
        reply = ann.call("GET", f"/v1/conversations/{large}/cursors")
        assert (reply.status, reply.code) == (403, "forbidden")

    def test_of_strangers_are_403(self, chat: Chat, lobby: ConversationId) -> None:
        """P8."""
        reply = Person(chat, "mallory").call("GET", f"/v1/conversations/{lobby}/cursors")
        assert (reply.status, reply.code) == (403, "not_member")
