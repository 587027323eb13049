from typing import Any

import pytest

from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import Forbidden, NotMember
from natter.domain.ids import ConversationId, UserId
from tests.chat import Chat

AVATAR = "https://a.example/1.png"


@pytest.fixture
def lobby(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    return chat.group(ann, bob)


def changes(chat: Chat, reader: UserId, conversation: ConversationId) -> list[Any]:
    chat.fold()
    events = chat.read_events(reader, conversation, after=1, before=None, limit=10).events
    return [event.payload for event in events if event.type == "conversation_changed"]


class TestChangeConversation:
    def test_members_are_told_what_is_new(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        chat.members.change_conversation(ann, lobby, {"title": "Küche", "avatar": AVATAR})
        chat.members.change_conversation(ann, lobby, {"title": "Küche", "avatar": None})
        assert changes(chat, bob, lobby) == [{"title": "Küche", "avatar": AVATAR}, {"avatar": None}]
        assert (chat.seen(bob, lobby).record.title, chat.seen(bob, lobby).record.avatar) == ("Küche", None)

    def test_what_is_so_already_is_no_event(self, chat: Chat, lobby: ConversationId, ann: UserId) -> None:
        for wanted in ({}, {"title": "Lobby"}, {"avatar": None}):
            chat.members.change_conversation(ann, lobby, wanted)
        assert changes(chat, ann, lobby) == []

    def test_admins_do_members_do_not(self, chat: Chat, lobby: ConversationId, bob: UserId) -> None:
        with pytest.raises(Forbidden):
            chat.members.change_conversation(bob, lobby, {"title": "Küche"})
        chat.conversations.decide(lobby, bob, "admin")
        chat.members.change_conversation(bob, lobby, {"title": "Küche"})
        assert changes(chat, bob, lobby) == [{"title": "Küche"}]

    def test_a_direct_conversation_has_no_looks(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
        with pytest.raises(Forbidden):
            chat.members.change_conversation(ann, view.record.conversation_id, {"avatar": AVATAR})

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, lobby: ConversationId
    ) -> None:
        """P8."""
        for conversation in (lobby, ConversationId("nowhere")):
            eve = chat.person(f"eve.{conversation[:4]}")
            with pytest.raises(NotMember):
                chat.members.change_conversation(eve, conversation, {"title": "Küche"})
