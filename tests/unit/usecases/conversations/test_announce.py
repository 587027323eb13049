from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from natter.domain.conversations.roster import Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Command
from tests.chat import Chat


class DownAdmission:
    """Cannot say who was removed."""

    def role(self, conversation: ConversationId, user: UserId) -> None:
        raise AssertionError(f"nobody asks for {user} of {conversation}")

    def roster(self, conversation: ConversationId) -> Roster:
        raise AssertionError(f"nobody asks for {conversation}")

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        raise AssertionError(f"nobody asks for {conversations}")

    def replace(self, conversation: ConversationId) -> None:
        raise Unavailable(f"the cache, asked for {conversation}")


@pytest.fixture
def lobby(chat: Chat) -> ConversationId:
    """Bob has been removed; nobody was told."""
    ann, bob = chat.person("ann"), chat.person("bob")
    lobby = chat.group(ann, bob)
    chat.conversations.decide(lobby, bob, None)
    return lobby


class TestAnnounce:
    def test_tells_the_log_once(self, chat: Chat, lobby: ConversationId) -> None:
        chat.announce(lobby)
        chat.announce(lobby)
        assert [record.command.items[0].type for record in chat.log.records()] == [
            "conversation_created",
            "member_removed",
        ]

    def test_the_log_is_told_last(self, chat: Chat, lobby: ConversationId) -> None:
        """So what could not come true stays in the outbox, and is announced again."""
        with pytest.raises(Unavailable, match="the cache"):
            replace(chat.announce, admission=DownAdmission())(lobby)
        left: list[Command] = []
        chat.conversations.publish(lobby, left.append)
        assert len(left) == 1

    def test_there_is_nothing_to_tell_of_nothing(self, chat: Chat) -> None:
        chat.announce(ConversationId("nowhere"))
        assert list(chat.log.records()) == []
