from dataclasses import replace
from typing import Any

import pytest

from natter.domain.conversations.members import Member
from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import BadRequest, Conflict, NotFound, RateLimited, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import NEW_CONVERSATIONS
from natter.domain.messages.commands import Command, CreateConversation
from tests.chat import Chat
from tests.identity import NOON
from tests.messages import a_post

LOBBY = ConversationId("lobby")


class DownLog:
    def append(self, command: Command) -> int:
        raise Unavailable(f"the log, given {len(command.items)}")


def a_group(creator: UserId, *others: UserId, **fields: Any) -> CreateRequest:
    return replace(CreateRequest(creator=creator, kind="group", members=others, title="Lobby"), **fields)


def a_direct(creator: UserId, *others: UserId) -> CreateRequest:
    return CreateRequest(creator=creator, kind="direct", members=others)


def logged(chat: Chat) -> list[Command]:
    return [record.command for record in chat.log.records()]


class TestLimit:
    def test_too_many_of_late_are_refused_but_those_that_are_there_are_found(
        self, chat: Chat, ann: UserId, bob: UserId
    ) -> None:
        chat.create(a_direct(ann, bob))
        groups = [a_group(ann, conversation_id=ConversationId(f"g{n}")) for n in range(NEW_CONVERSATIONS.burst)]
        for group in groups[:-1]:
            chat.create(group)
        with pytest.raises(RateLimited) as refusal:
            chat.create(groups[-1])
        assert refusal.value.retry_after_ms == 6000
        assert chat.conversations.seen_by(ann, ConversationId("g59")) is None
        for known in (a_direct(ann, bob), groups[0]):
            assert chat.create(known)[1] is False
        assert chat.create(a_group(bob))[1]
        chat.world.clock.advance(seconds=6)
        assert chat.create(groups[-1])[1]


class TestGroup:
    def test_its_creator_sees_it_before_the_fold_has_reached_it(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        view, is_new = chat.create(a_group(ann, bob, history="all"))
        assert is_new
        assert (view.record.kind, view.record.title, view.record.history) == ("group", "Lobby", "all")
        assert (view.record.created_by, view.record.created_at, view.record.member_count) == (ann, NOON, 2)
        assert (view.record.role, view.head.seq, view.head.at) == ("owner", 0, NOON)
        assert (view.first_seq, view.read_seq, view.unread) == (1, 1, 0)

    def test_the_log_is_told_before_the_answer(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """So whoever has the answer can send."""
        view, _ = chat.create(a_group(ann, bob))
        (command,) = logged(chat)
        (item,) = command.items
        assert (command.conversation_id, command.sender_id) == (view.record.conversation_id, ann)
        assert (command.decided, command.origin) == (True, None)
        assert isinstance(item, CreateConversation)
        assert (item.kind, item.title) == ("group", "Lobby")
        assert item.members == (Member(user_id=ann, role="owner"), Member(user_id=bob, role="member"))

    def test_naming_somebody_twice_or_oneself_changes_nothing(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        view, _ = chat.create(a_group(ann, bob, ann, bob))
        assert view.record.member_count == 2
        assert chat.conversations.roles(view.record.conversation_id).roles == {ann: "owner", bob: "member"}

    def test_its_id_makes_it_repeatable_for_its_creator(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        first, _ = chat.create(a_group(ann, bob, conversation_id=LOBBY))
        chat.fold()
        chat.say(LOBBY, ann, a_post("m1"))
        again, is_new = chat.create(a_group(ann, bob, conversation_id=LOBBY))
        assert not is_new
        assert (again.record, again.head.seq) == (first.record, 2)
        assert sum(command.decided for command in logged(chat)) == 1

    def test_its_id_is_a_conflict_for_others(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        chat.create(a_group(ann, bob, conversation_id=LOBBY))
        with pytest.raises(Conflict):
            chat.create(a_group(bob, ann, conversation_id=LOBBY))

    def test_asking_again_completes_what_the_log_was_not_told(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        request = a_group(ann, bob, conversation_id=LOBBY)
        with pytest.raises(Unavailable):
            replace(chat.create, log=DownLog())(request)
        assert logged(chat) == []
        _, is_new = chat.create(request)
        assert not is_new
        assert [command.conversation_id for command in logged(chat)] == [LOBBY]

    def test_everybody_must_be_a_user(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        with pytest.raises(NotFound):
            chat.create(a_group(ann, bob, UserId("nobody")))
        assert (chat.conversations.of_user(ann), logged(chat)) == ([], [])


class TestDirect:
    def test_both_see_the_other(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        view, is_new = chat.create(a_direct(ann, bob))
        assert is_new
        assert (view.record.peer, view.record.peer_name) == (bob, "bob")
        assert (view.record.role, view.record.title) == ("member", None)
        bobs = chat.conversations.seen_by(bob, view.record.conversation_id)
        assert bobs is not None
        assert (bobs.peer, bobs.role) == (ann, "member")

    def test_there_is_one_for_each_pair_whoever_asks(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        cid = chat.person("cid")
        first, _ = chat.create(a_direct(ann, bob))
        again, is_new = chat.create(a_direct(bob, ann))
        other, other_is_new = chat.create(a_direct(ann, cid))
        assert (again.record.conversation_id, is_new) == (first.record.conversation_id, False)
        assert other.record.conversation_id != first.record.conversation_id
        assert other_is_new

    def test_it_has_exactly_one_other_member(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        for others in [(), (ann,), (bob, bob), (bob, ann), (bob, UserId("cid"))]:
            with pytest.raises(BadRequest, match=r"^members: "):
                chat.create(a_direct(ann, *others))
