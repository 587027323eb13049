from dataclasses import replace
from typing import override

import pytest

from natter.domain.conversations.roster import Roster
from natter.domain.errors import Forbidden, NotFound, NotMember, Overloaded, RateLimited, Unavailable
from natter.domain.ids import AttachmentId, ClientId, ConversationId, UserId
from natter.domain.limits import COMMANDS
from natter.domain.messages.backlog import Backlog
from natter.domain.messages.commands import Command, EditMessage
from natter.names import RETRY_WINDOW_MS
from tests.backlogs import a_backlog
from tests.chat import Chat
from tests.files import a_file
from tests.identity import NOON
from tests.memory.admission import MemoryAdmission
from tests.memory.backlogs import MemoryBacklogs
from tests.messages import MALLORY, a_command, a_delete, a_post, an_edit, attached


class DownAdmission(MemoryAdmission):
    @override
    def roster(self, conversation: ConversationId) -> Roster:
        raise Unavailable(f"the members of {conversation}")


class DownLog:
    def append(self, command: Command) -> int:
        raise Unavailable(f"the log, given {len(command.items)}")


@pytest.fixture
def lobby(chat: Chat, ann: UserId) -> ConversationId:
    return chat.group(ann)


def logged(chat: Chat) -> list[Command]:
    """What was appended after the conversation was created."""
    return [record.command for record in chat.log.records(since=1)]


def uploaded(chat: Chat, user: UserId, conversation: ConversationId) -> AttachmentId:
    attachment, form = chat.offer_upload(user, conversation, a_file(b"cat"))
    chat.attachments.upload(form, b"cat")
    return attachment


def is_sent(chat: Chat, command: Command) -> bool:
    """Or shows what is not there."""
    try:
        chat.send(command)
    except NotFound:
        return False
    return True


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

    def test_an_outage_is_neither_a_refusal_nor_an_ack(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P9."""
        command = a_command(a_post("m1"), sender=ann, conversation=lobby)
        for send in (
            replace(chat.send, gate=chat.gate_of(DownAdmission(chat.conversations))),
            replace(chat.send, log=DownLog()),
        ):
            with pytest.raises(Unavailable):
                send(command)
        assert logged(chat) == []


class DownBacklogs(MemoryBacklogs):
    @override
    def add(self, known: Backlog, items: int) -> None:
        raise Unavailable(f"the cache, given {items} of {known.partition}")


class TestOverload:
    """The partition of the lobby is behind by half a second, so that every other frame is refused."""

    @pytest.fixture
    def behind(self, chat: Chat, lobby: ConversationId) -> Backlog:
        known = a_backlog(partition=chat.log.partition_of(lobby), at=chat.world.clock(), items=1000, item_ms=0.5)
        chat.backlogs.leave([known])
        return known

    def test_a_share_is_refused_before_it_is_in_the_log(
        self, chat: Chat, ann: UserId, lobby: ConversationId, behind: Backlog
    ) -> None:
        command = a_command(a_post("m1"), a_post("m2"), sender=ann, conversation=lobby)
        draws = iter([0.49, 0.25])
        with pytest.raises(Overloaded) as refusal:
            replace(chat.send, draw=lambda: next(draws))(command)
        assert refusal.value.retry_after_ms == 750
        assert (logged(chat), chat.backlogs.get([behind.partition])[behind.partition]) == ([], behind)
        replace(chat.send, draw=lambda: 0.51)(command)
        assert logged(chat) == [command]
        assert chat.backlogs.get([behind.partition])[behind.partition].added == 2

    def test_who_may_not_send_adds_nothing(
        self, chat: Chat, ann: UserId, lobby: ConversationId, behind: Backlog
    ) -> None:
        """Else anybody could have others refused."""
        for sender, count in ((MALLORY, 1), (ann, COMMANDS.burst + 1)):
            command = a_command(*(a_post(f"m{n}") for n in range(count)), sender=sender, conversation=lobby)
            with pytest.raises((NotMember, RateLimited)):
                replace(chat.send, draw=lambda: 0.99)(command)
        assert chat.backlogs.get([behind.partition])[behind.partition] == behind

    def test_what_cannot_be_noted_is_accepted(
        self, chat: Chat, ann: UserId, lobby: ConversationId, behind: Backlog
    ) -> None:
        """P9."""
        command = a_command(a_post("m1"), sender=ann, conversation=lobby)
        assert behind.added == 0
        replace(chat.send, backlogs=DownBacklogs(chat.world.clock), draw=lambda: 0.99)(command)
        assert logged(chat) == [command]

    def test_as_long_as_it_is_not_behind_nothing_is_noted(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """Nor drawn."""
        send = replace(chat.send, backlogs=DownBacklogs(chat.world.clock), draw=lambda: 1 / 0)
        send(a_command(a_post("m1"), sender=ann, conversation=lobby))
        assert len(logged(chat)) == 1


class TestAttachments:
    def test_what_was_uploaded_here_may_be_shown(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        cat = uploaded(chat, ann, lobby)
        command = a_command(a_post("m1"), a_post("m2", content=attached(cat)), sender=ann, conversation=lobby)
        chat.send(command)
        assert logged(chat) == [command]
        assert chat.attachments.link(lobby, ann, cat) is not None

    def test_it_is_held_until_the_fold_comes_to_it(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P1: the upload may be about to be removed."""
        cat = uploaded(chat, ann, lobby)
        chat.send(a_command(a_post("m1", content=attached(cat)), sender=ann, conversation=lobby))
        chat.attachments.expire_uploads()
        chat.fold()
        chat.settle()
        chat.attachments.sweep()
        assert chat.link_attachment(ann, lobby, cat)

    def test_sending_again_is_not_refused(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P3: also when what was uploaded, and then held, has been removed."""
        cat = uploaded(chat, ann, lobby)
        command = a_command(a_post("m1", content=attached(cat)), sender=ann, conversation=lobby)
        chat.send(command)
        chat.attachments.expire_uploads()
        assert chat.send(command) == NOON
        chat.fold()
        chat.settle()
        chat.attachments.sweep()
        assert chat.send(command) == NOON

    def test_sending_again_is_not_refused_when_the_file_has_gone_with_the_message(
        self, chat: Chat, ann: UserId, lobby: ConversationId
    ) -> None:
        """P3: who repeats it is told what has become of it; nobody else has anything to show."""
        cat = attached(uploaded(chat, ann, lobby))
        post, edit = a_post("m1", content=cat), an_edit("e1", 2, content=cat)
        for item in (post, edit):
            chat.send(a_command(item, sender=ann, conversation=lobby))
            chat.fold()
        chat.say(lobby, ann, a_delete("d1", 2))
        chat.settle()
        chat.attachments.sweep()
        before = chat.seen(ann, lobby).head.seq
        for item in (post, edit):
            assert is_sent(chat, a_command(item, sender=ann, conversation=lobby))
        chat.fold()
        assert chat.seen(ann, lobby).head.seq == before
        for item in (replace(post, client_id=ClientId("m2")), replace(edit, client_id=ClientId("e2"))):
            assert not is_sent(chat, a_command(item, sender=ann, conversation=lobby))
        assert not is_sent(chat, a_command(post, a_post("m3", content=cat), sender=ann, conversation=lobby))

    def test_what_was_refused_is_told_so_again(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        cat = uploaded(chat, ann, lobby)
        command = a_command(a_post("m1", content=attached(cat), reply_to=99), sender=ann, conversation=lobby)
        chat.send(command)
        chat.fold()
        chat.attachments.sweep()
        assert is_sent(chat, command)

    def test_long_after_it_is_no_retry_any_more(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """The fold would take it for a new one, which shows a file that is nowhere."""
        cat = uploaded(chat, ann, lobby)
        command = a_command(a_post("m1", content=attached(cat)), sender=ann, conversation=lobby)
        chat.send(command)
        chat.fold()
        chat.attachments.sweep()
        chat.world.clock.advance(seconds=RETRY_WINDOW_MS / 1000 - 3601)
        assert is_sent(chat, command)
        chat.world.clock.advance(seconds=3)
        assert not is_sent(chat, command)

    def test_others_retries_open_nothing(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P8."""
        bob = chat.person("bob")
        chat.join(lobby, bob)
        cat = uploaded(chat, ann, lobby)
        shown = a_post("m1", content=attached(cat))
        chat.send(a_command(shown, sender=ann, conversation=lobby))
        chat.fold()
        assert not is_sent(chat, a_command(shown, sender=bob, conversation=lobby))

    def test_an_edit_may_show_one_too(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        cat = uploaded(chat, ann, lobby)
        edit = EditMessage(client_id=ClientId("e1"), target_seq=2, content=attached(cat))
        chat.send(a_command(edit, sender=ann, conversation=lobby))
        assert chat.attachments.link(lobby, ann, cat) is not None
        missing = replace(edit, content=attached(AttachmentId("dog")))
        with pytest.raises(NotFound, match=r"^content\.attachment_id: no such attachment$"):
            chat.send(a_command(missing, sender=ann, conversation=lobby))

    def test_one_that_is_not_there_refuses_the_frame_and_is_named(
        self, chat: Chat, ann: UserId, lobby: ConversationId
    ) -> None:
        cat = uploaded(chat, ann, lobby)
        shown = [a_post("m1", content=attached(cat)), a_post("m2", content=attached(AttachmentId("dog")))]
        with pytest.raises(NotFound, match=r"^messages\.1\.content\.attachment_id: no such attachment$"):
            chat.send(a_command(*shown, sender=ann, conversation=lobby))
        assert logged(chat) == []

    def test_what_was_not_uploaded_is_not_there(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        offered, _ = chat.offer_upload(ann, lobby, a_file(b"cat"))
        with pytest.raises(NotFound):
            chat.send(a_command(a_post("m1", content=attached(offered)), sender=ann, conversation=lobby))

    def test_it_is_not_there_for_others_nor_elsewhere(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P8."""
        bob = chat.person("bob")
        chat.join(lobby, bob)
        kitchen = chat.group(ann)
        show = a_post("m1", content=attached(uploaded(chat, ann, lobby)))
        for sender, conversation in ((bob, lobby), (ann, kitchen)):
            with pytest.raises(NotFound):
                chat.send(a_command(show, sender=sender, conversation=conversation))

    def test_a_stranger_learns_nothing_of_it(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P8."""
        cat = uploaded(chat, ann, lobby)
        with pytest.raises(NotMember):
            chat.send(a_command(a_post("m1", content=attached(cat)), sender=MALLORY, conversation=lobby))
        assert chat.attachments.link(lobby, ann, cat) is None


class TestCheck:
    def test_what_may_not_be_said_does_not_reach_the_log(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        def check(command: Command) -> None:
            if "hush" in str(command):
                raise Forbidden("messages.0.content: not here")

        send = replace(chat.send, check=check)
        send(a_command(a_post("m1"), sender=ann, conversation=lobby))
        with pytest.raises(Forbidden, match="not here"):
            send(a_command(a_post("m2", "hush"), sender=ann, conversation=lobby))
        assert len(logged(chat)) == 1

    def test_only_members_are_looked_at(self, chat: Chat, lobby: ConversationId) -> None:
        """Else a stranger would learn of the rules, and cost what they cost."""
        seen: list[Command] = []
        with pytest.raises(NotMember):
            replace(chat.send, check=seen.append)(a_command(a_post("m1"), sender=MALLORY, conversation=lobby))
        assert seen == []
