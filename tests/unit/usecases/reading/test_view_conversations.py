import pytest

from natter.domain.conversations.members import History
from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from tests.chat import Chat
from tests.messages import MALLORY, a_delete, a_post


def counted(chat: Chat, user: UserId, conversation: ConversationId) -> tuple[int, int, int]:
    view = chat.seen(user, conversation)
    return view.first_seq, view.read_seq, view.unread


class TestUnread:
    def test_a_founder_has_read_the_beginning(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        lobby = chat.group(ann, bob)
        assert counted(chat, ann, lobby) == counted(chat, bob, lobby) == (1, 1, 0)

    def test_messages_of_others_count(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """P6."""
        lobby = chat.group(ann, bob)
        chat.say(lobby, ann, a_post("m1"), a_post("m2"))
        assert counted(chat, bob, lobby) == (1, 1, 2)
        assert counted(chat, ann, lobby) == (1, 3, 0)

    def test_sending_marks_everything_before_as_read(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """P6."""
        lobby = chat.group(ann, bob)
        chat.say(lobby, ann, a_post("m1"), a_post("m2"))
        chat.say(lobby, bob, a_post("m1"))
        chat.say(lobby, ann, a_post("m3"))
        assert counted(chat, bob, lobby) == (1, 4, 1)

    def test_other_events_do_not_count_and_a_deleted_message_does(
        self, chat: Chat, ann: UserId, bob: UserId, cid: UserId
    ) -> None:
        """P6."""
        lobby = chat.group(ann, bob)
        chat.say(lobby, ann, a_post("m1"))
        chat.say(lobby, ann, a_delete("d1", 2))
        chat.join(lobby, cid)
        assert chat.seen(bob, lobby).head.seq == 4
        assert counted(chat, bob, lobby) == (1, 1, 1)

    def test_what_was_said_before_joining_does_not_count(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        lobby = chat.group(ann, history="all")
        chat.say(lobby, ann, a_post("m1"))
        chat.join(lobby, bob)
        chat.say(lobby, ann, a_post("m2"))
        assert counted(chat, bob, lobby) == (1, 3, 1)


class TestReadable:
    @pytest.mark.parametrize(("history", "first_seq"), [("joined", 3), ("all", 1)])
    def test_who_joins_reads_from_there_on_or_everything(
        self, chat: Chat, ann: UserId, bob: UserId, history: History, first_seq: int
    ) -> None:
        """P8."""
        lobby = chat.group(ann, history=history)
        chat.say(lobby, ann, a_post("m1"))
        chat.join(lobby, bob)
        assert counted(chat, bob, lobby) == (first_seq, 3, 0)
        assert counted(chat, ann, lobby) == (1, 2, 0)

    def test_it_is_the_latest_joining_that_counts(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """P8."""
        lobby = chat.group(ann, bob)
        chat.leave(lobby, bob)
        chat.say(lobby, ann, a_post("m1"))
        chat.join(lobby, bob)
        assert counted(chat, bob, lobby) == (4, 4, 0)

    @pytest.mark.parametrize("history", ["joined", "all"])
    def test_nothing_is_readable_before_the_fold_has_reached_the_joining(
        self, chat: Chat, ann: UserId, bob: UserId, history: History
    ) -> None:
        """P8. PostgreSQL has decided it already; what was said before must not be shown meanwhile."""
        lobby = chat.group(ann, history=history)
        chat.say(lobby, ann, a_post("m1"))
        chat.conversations.decide(lobby, bob, "member")
        view = chat.seen(bob, lobby)
        assert view.head == Head(conversation_id=lobby, at=view.record.created_at)
        assert counted(chat, bob, lobby) == (1, 1, 0)

    def test_the_head_limits_what_has_been_read(self, chat: Chat, ann: UserId) -> None:
        """A fold that did not finish left a cursor beyond it."""
        lobby = chat.group(ann)
        head = chat.tables.heads([lobby])[lobby]
        chat.say(lobby, ann, a_post("m1"))
        chat.heads._heads[lobby] = head
        view = chat.seen(ann, lobby)
        assert (view.head.seq, view.read_seq, view.unread) == (1, 1, 0)


class TestHeads:
    def test_what_the_cache_has_lost_is_in_the_table(self, chat: Chat, ann: UserId) -> None:
        lobby, kitchen = chat.group(ann), chat.group(ann)
        chat.say(lobby, ann, a_post("m1"))
        chat.view(ann, chat.conversations.of_user(ann))
        del chat.heads._heads[lobby]
        views = {view.record.conversation_id: view.head.seq for view in chat.view(ann, chat.conversations.of_user(ann))}
        assert views == {lobby: 2, kitchen: 1}

    def test_what_was_read_from_the_table_is_cached_again(self, chat: Chat, ann: UserId) -> None:
        lobby = chat.group(ann)
        assert chat.heads.get([lobby]) == {}
        head = chat.seen(ann, lobby).head
        assert chat.heads.get([lobby]) == {lobby: head} == chat.tables.heads([lobby])

    def test_who_was_late_does_not_fill_an_empty_cache(self, chat: Chat, ann: UserId) -> None:
        """P9. Else who syncs now would not learn of what was delivered before they came."""
        lobby = chat.group(ann)
        old = chat.tables.heads([lobby])[lobby]
        chat.say(lobby, ann, a_post("m1"))
        chat.heads._heads.clear()
        chat.heads.advance([old])
        assert chat.seen(ann, lobby).head.seq == 2

    def test_of_nothing_there_is_no_view(self, chat: Chat, ann: UserId) -> None:
        assert chat.view(ann, []) == []


class TestViewConversation:
    def test_is_for_members_alone(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """P8."""
        lobby = chat.group(ann, bob)
        assert chat.view_one(bob, lobby) == chat.seen(bob, lobby)
        chat.leave(lobby, bob)
        for reader, conversation in ((bob, lobby), (MALLORY, lobby), (ann, ConversationId("nowhere"))):
            with pytest.raises(NotMember):
                chat.view_one(reader, conversation)
