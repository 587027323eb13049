from dataclasses import replace

from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Command
from natter.usecases.conversations.relay import AGE_MS, Relay, Relayed
from tests.chat import Chat


class PickyLog:
    """Takes nothing of some conversations; every append takes some time."""

    def __init__(self, chat: Chat, *refused: ConversationId, seconds: float = 0) -> None:
        self._chat, self._refused, self._seconds = chat, refused, seconds

    def append(self, command: Command) -> int:
        self._chat.world.clock.advance(seconds=self._seconds)
        if command.conversation_id in self._refused:
            raise Unavailable("the log")
        return self._chat.log.append(command)


def a_relay(chat: Chat, log: PickyLog | None = None) -> Relay:
    announce = chat.announce if log is None else replace(chat.announce, log=log)
    return Relay(conversations=chat.conversations, admission=chat.admission, announce=announce, now_ms=chat.world.clock)


def overdue(chat: Chat, ann: UserId, name: str) -> ConversationId:
    """A group whose owner has made Bob an admin; whoever decided that died before the log was told."""
    bob = chat.person(f"bob.{name}")
    lobby = chat.group(ann, bob, conversation_id=ConversationId(name))
    chat.conversations.decide(lobby, bob, "admin", at=chat.world.clock())
    chat.world.clock.advance(seconds=AGE_MS / 1000 + 1)
    return lobby


def told(chat: Chat) -> list[tuple[str, str]]:
    commands = [record.command for record in chat.log.records()]
    return [
        (command.conversation_id, item.type)
        for command in commands
        for item in command.items
        if item.type != "conversation_created"
    ]


class TestRelay:
    def test_tells_what_is_overdue_once(self, chat: Chat, ann: UserId) -> None:
        overdue(chat, ann, "lobby")
        assert a_relay(chat)() == Relayed(announced=1, replaced=0, failed=0)
        assert a_relay(chat)() == Relayed(announced=0, replaced=0, failed=0)
        assert told(chat) == [("lobby", "role_changed")]

    def test_what_is_fresh_is_left_to_who_decided_it(self, chat: Chat, ann: UserId) -> None:
        lobby = chat.group(ann)
        chat.conversations.decide(lobby, chat.person("bob"), "member", at=chat.world.clock())
        assert a_relay(chat)() == Relayed(announced=0, replaced=0, failed=0)
        assert told(chat) == []

    def test_all_of_a_conversation_in_order(self, chat: Chat, ann: UserId) -> None:
        lobby = overdue(chat, ann, "lobby")
        chat.conversations.decide(lobby, chat.person("cid"), "member", at=chat.world.clock())
        a_relay(chat)()
        assert told(chat) == [("lobby", "role_changed"), ("lobby", "member_added")]

    def test_one_that_cannot_be_told_does_not_hold_up_the_others(self, chat: Chat, ann: UserId) -> None:
        first = overdue(chat, ann, "first")
        overdue(chat, ann, "second")
        assert a_relay(chat, PickyLog(chat, first))() == Relayed(announced=1, replaced=0, failed=1)
        assert told(chat) == [("second", "role_changed")]
        assert a_relay(chat)() == Relayed(announced=1, replaced=0, failed=0)

    def test_stops_when_its_time_is_up(self, chat: Chat, ann: UserId) -> None:
        """The rest waits for the next time, the longest waiting first."""
        for name in ("first", "second", "third"):
            overdue(chat, ann, name)
        assert a_relay(chat, PickyLog(chat, seconds=30))() == Relayed(announced=2, replaced=0, failed=0)
        assert told(chat) == [("first", "role_changed"), ("second", "role_changed")]
