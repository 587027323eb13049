import pytest

from natter.domain.commands import Command, PostMessage
from natter.domain.conversations import Role
from natter.domain.errors import NotFound, NotMember, RateLimited, Unavailable
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.limits import COMMANDS
from natter.usecases.send import Send
from tests.chat import Chat
from tests.identity import NOON
from tests.messages import MALLORY, a_command, a_post


class DownAdmission:
    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        raise Unavailable(f"admission of {user} to {conversation}")


class DownLog:
    def append(self, command: Command) -> int:
        raise Unavailable(f"the log, given {len(command.items)}")


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def ann(chat: Chat) -> UserId:
    return chat.person("ann")


@pytest.fixture
def lobby(chat: Chat, ann: UserId) -> ConversationId:
    return chat.group(ann)


def logged(chat: Chat) -> list[Command]:
    """What was appended after the conversation was created."""
    return [record.command for record in chat.log.records(since=1)]


class TestSend:
    def test_a_frame_is_one_record_with_the_logs_timestamp(
        self, chat: Chat, ann: UserId, lobby: ConversationId
    ) -> None:
        """P1."""
        chat.world.clock.advance(seconds=5)
        command = a_command(a_post("m1"), a_post("m2"), sender=ann, conversation=lobby)
        assert chat.send(command) == NOON + 5000
        assert logged(chat) == [command]

    def test_sending_again_is_not_refused(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P3: that it is the same message is for the fold to say."""
        command = a_command(a_post("m1"), sender=ann, conversation=lobby)
        assert (chat.send(command), chat.send(command)) == (NOON, NOON)

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, ann: UserId, lobby: ConversationId
    ) -> None:
        """P8."""
        refused = []
        for sender, conversation in ((MALLORY, lobby), (ann, ConversationId("nowhere"))):
            with pytest.raises(NotMember) as refusal:
                chat.send(a_command(a_post("m1"), sender=sender, conversation=conversation))
            refused.append(str(refusal.value))
        assert refused[0] == refused[1]
        assert logged(chat) == []

    def test_who_was_removed_is_refused_at_once(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """Also while the fold has not heard of it."""
        chat.conversations.decide(lobby, ann, None)
        with pytest.raises(NotMember):
            chat.send(a_command(a_post("m1"), sender=ann, conversation=lobby))

    def test_every_message_of_a_frame_counts(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        def a_frame(size: int) -> Command:
            return a_command(*(a_post(f"m{n}") for n in range(size)), sender=ann, conversation=lobby)

        for size in (20, 20, 19):
            chat.send(a_frame(size))
        with pytest.raises(RateLimited) as refusal:
            chat.send(a_frame(2))
        assert refusal.value.retry_after_ms == 1000 / COMMANDS.rate
        assert len(logged(chat)) == 3
        chat.send(a_frame(1))

    def test_there_is_no_attachment(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        shown = PostMessage(client_id=ClientId("m2"), content={"type": "attachment", "attachment_id": "a"})
        with pytest.raises(NotFound, match=r"^content: no such attachment$"):
            chat.send(a_command(a_post("m1"), shown, sender=ann, conversation=lobby))
        assert logged(chat) == []
        with pytest.raises(NotMember):
            chat.send(a_command(shown, sender=MALLORY, conversation=lobby))

    def test_an_outage_is_neither_a_refusal_nor_an_ack(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P9."""
        command = a_command(a_post("m1"), sender=ann, conversation=lobby)
        limits = chat.world.limits
        for send in (
            Send(admission=DownAdmission(), limits=limits, log=chat.log),
            Send(admission=chat.admission, limits=limits, log=DownLog()),
        ):
            with pytest.raises(Unavailable):
                send(command)
        assert logged(chat) == []
