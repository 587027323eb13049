import json
from dataclasses import replace

import pytest

from natter.domain.accounts.users import Principal
from natter.domain.conversations.records import MemberSettings
from natter.domain.errors import NotMember
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, SessionId, UserId
from tests.chat import Chat
from tests.messages import NOON, a_connection


@pytest.fixture
def lobby(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    return chat.group(ann, bob)


def on_phone(user: UserId) -> Principal:
    return Principal(user_id=user, device_id=DeviceId(f"{user}-phone"), session_id=SessionId(f"{user}-session"))


def muted(settings: MemberSettings) -> MemberSettings:
    return replace(settings, muted_until=NOON)


class TestChangeSettings:
    def test_stay_until_they_are_changed(self, chat: Chat, lobby: ConversationId, ann: UserId) -> None:
        chat.members.change_settings(on_phone(ann), lobby, muted)
        chat.members.change_settings(on_phone(ann), lobby, lambda settings: replace(settings, archived=True))
        record = chat.seen(ann, lobby).record
        assert (record.muted_until, record.archived) == (NOON, True)

    def test_ones_other_devices_are_told_and_nobody_else(
        self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        laptop = replace(a_connection(ann, "laptop"), device_id=DeviceId("laptop"))
        for connection in (a_connection(ann, "phone"), laptop, a_connection(bob)):
            chat.registry.register(connection)
        chat.members.change_settings(on_phone(ann), lobby, muted)
        (frame,) = chat.gateway.frames[ConnectionId("laptop")]
        assert json.loads(frame) == {
            "type": "settings",
            "conversation_id": lobby,
            "muted_until": NOON,
            "archived": False,
            "notify": "all",
        }
        assert [each for each, frames in chat.gateway.frames.items() if frames] == ["laptop"]

    def test_it_is_no_event(self, chat: Chat, lobby: ConversationId, ann: UserId) -> None:
        chat.members.change_settings(on_phone(ann), lobby, muted)
        chat.fold()
        assert chat.seen(ann, lobby).head.seq == 1

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, lobby: ConversationId
    ) -> None:
        """P8."""
        eve = on_phone(chat.person("eve"))
        for conversation in (lobby, ConversationId("nowhere")):
            with pytest.raises(NotMember):
                chat.members.change_settings(eve, conversation, muted)
