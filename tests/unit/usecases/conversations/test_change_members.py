from collections.abc import Sequence
from dataclasses import replace

import pytest

from natter.domain.conversations.members import Role
from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import Conflict, Forbidden, LastOwner, NotFound, NotMember, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import Command
from tests.chat import Chat, Members, places
from tests.identity import NOON, a_user
from tests.messages import a_command, a_post

NOWHERE = ConversationId("nowhere")


class DownLog:
    def append(self, command: Command) -> int:
        raise Unavailable(f"the log, given {len(command.items)}")


@pytest.fixture
def lobby(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    """Ann's, with Bob."""
    return chat.group(ann, bob)


@pytest.fixture
def direct(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
    chat.fold()
    return view.record.conversation_id


def roles(chat: Chat, conversation: ConversationId) -> dict[UserId, Role]:
    return dict(chat.admission.roster(conversation).roles)


def events(chat: Chat, conversation: ConversationId) -> Sequence[str]:
    """What the log says of who belongs to it, after its beginning."""
    chat.fold()
    commands = [record.command for record in chat.log.records() if record.command.conversation_id == conversation]
    return [item.type for command in commands for item in command.items][1:]


def without_log(chat: Chat) -> Members:
    return chat.members_announced(replace(chat.announce, log=DownLog()))


class TestAdd:
    def test_everybody_sees_the_event_and_new_ones_read_from_there(
        self, chat: Chat, lobby: ConversationId, ann: UserId, cid: UserId
    ) -> None:
        chat.world.clock.advance(seconds=5)
        (added,) = chat.members.add(ann, lobby, [cid])
        assert (added.user_id, added.display_name, added.role, added.joined_at) == (cid, "cid", "member", NOON + 5000)
        chat.fold()
        page = chat.read_events(cid, lobby, after=0, before=None, limit=10)
        assert (page.first_seq, places(page.events)) == (2, [2])
        assert page.events[0].payload == {"members": [{"user_id": cid, "role": "member"}]}
        assert page.events[0].sender_id == ann

    def test_who_is_there_already_is_no_event(
        self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId, cid: UserId
    ) -> None:
        assert [each.user_id for each in chat.members.add(ann, lobby, [bob, ann])] == sorted([ann, bob])
        assert events(chat, lobby) == []
        assert [each.user_id for each in chat.members.add(ann, lobby, [bob, cid])] == sorted([bob, cid])
        assert events(chat, lobby) == ["member_added"]
        assert roles(chat, lobby) == {ann: "owner", bob: "member", cid: "member"}

    def test_all_or_none(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId, cid: UserId) -> None:
        with pytest.raises(NotFound):
            chat.members.add(ann, lobby, [cid, UserId("nobody")])
        assert roles(chat, lobby) == {ann: "owner", bob: "member"}
        assert events(chat, lobby) == []

    def test_may_send_as_soon_as_they_are_added(
        self, chat: Chat, lobby: ConversationId, ann: UserId, cid: UserId
    ) -> None:
        chat.members.add(ann, lobby, [cid])
        chat.send(a_command(a_post("m1"), sender=cid, conversation=lobby))
        chat.fold()
        assert chat.seen(ann, lobby).head.seq == 3

    def test_members_and_strangers_add_nobody(
        self, chat: Chat, lobby: ConversationId, direct: ConversationId, bob: UserId, cid: UserId
    ) -> None:
        """P8: a stranger cannot tell whether there is such a conversation."""
        with pytest.raises(Forbidden):
            chat.members.add(bob, lobby, [cid])
        with pytest.raises(Forbidden):
            chat.members.add(bob, direct, [cid])
        for conversation in (lobby, NOWHERE):
            with pytest.raises(NotMember):
                chat.members.add(cid, conversation, [cid])

    def test_asking_again_completes_what_the_log_was_not_told(
        self, chat: Chat, lobby: ConversationId, ann: UserId, cid: UserId
    ) -> None:
        with pytest.raises(Unavailable):
            without_log(chat).add(ann, lobby, [cid])
        assert events(chat, lobby) == []
        assert [each.user_id for each in chat.members.add(ann, lobby, [cid])] == [cid]
        assert events(chat, lobby) == ["member_added"]

    def test_a_thousand_is_all(self, chat: Chat, ann: UserId, cid: UserId) -> None:
        lobby = chat.group(ann)
        for _ in range(9):
            people = [a_user() for _ in range(111)]
            for user in people:
                chat.world.users.add(user, "hash")
            chat.members.add(ann, lobby, [user.user_id for user in people])
        with pytest.raises(Conflict):
            chat.members.add(ann, lobby, [cid])
        assert len(roles(chat, lobby)) == 1000


class TestSetRole:
    def test_changes_it(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        chat.members.set_role(ann, lobby, bob, "admin")
        assert roles(chat, lobby)[bob] == "admin"
        assert events(chat, lobby) == ["role_changed"]
        (event,) = chat.read_events(bob, lobby, after=1, before=None, limit=10).events
        assert (event.sender_id, event.payload) == (ann, {"user_id": bob, "role": "admin"})

    def test_adds_who_is_not_there(self, chat: Chat, lobby: ConversationId, ann: UserId, cid: UserId) -> None:
        chat.members.set_role(ann, lobby, cid, "admin")
        assert roles(chat, lobby)[cid] == "admin"
        assert events(chat, lobby) == ["member_added"]

    def test_what_is_so_already_is_no_event(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        chat.members.set_role(ann, lobby, bob, "member")
        assert events(chat, lobby) == []

    def test_an_owner_hands_over_and_steps_down(
        self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        with pytest.raises(LastOwner):
            chat.members.set_role(ann, lobby, ann, "member")
        chat.members.set_role(ann, lobby, bob, "owner")
        chat.members.set_role(ann, lobby, ann, "member")
        assert roles(chat, lobby) == {ann: "member", bob: "owner"}
        chat.members.set_role(ann, lobby, ann, "member")  # asked again, as after an answer that was lost
        assert events(chat, lobby) == ["role_changed", "role_changed"]

    def test_of_nobody(self, chat: Chat, lobby: ConversationId, ann: UserId) -> None:
        with pytest.raises(NotFound):
            chat.members.set_role(ann, lobby, UserId("nobody"), "member")

    def test_asking_again_completes_what_the_log_was_not_told(
        self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        with pytest.raises(Unavailable):
            without_log(chat).set_role(ann, lobby, bob, "admin")
        chat.members.set_role(ann, lobby, bob, "admin")
        assert events(chat, lobby) == ["role_changed"]


class TestRemove:
    def test_takes_effect_at_once(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        """P8: before the fold has got to it, who was removed sends, reads and syncs nothing any more."""
        chat.members.remove(ann, lobby, bob)
        with pytest.raises(NotMember):
            chat.send(a_command(a_post("m1"), sender=bob, conversation=lobby))
        with pytest.raises(NotMember):
            chat.read_events(bob, lobby, after=0, before=None, limit=10)
        assert chat.sync(bob, {}, limit=10, cursor=None).missed == ()

    def test_is_an_event(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        chat.members.remove(ann, lobby, bob)
        chat.members.remove(ann, lobby, bob)  # no harm
        assert events(chat, lobby) == ["member_removed"]
        (event,) = chat.read_events(ann, lobby, after=1, before=None, limit=10).events
        assert (event.sender_id, event.payload) == (ann, {"user_id": bob})

    def test_members_leave(self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        chat.members.remove(bob, lobby, bob)
        assert roles(chat, lobby) == {ann: "owner"}
        with pytest.raises(LastOwner):
            chat.members.remove(ann, lobby, ann)

    def test_a_direct_conversation_is_not_left(self, chat: Chat, direct: ConversationId, ann: UserId) -> None:
        with pytest.raises(Forbidden):
            chat.members.remove(ann, direct, ann)

    def test_asking_again_completes_what_the_log_was_not_told(
        self, chat: Chat, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        with pytest.raises(Unavailable):
            without_log(chat).remove(ann, lobby, bob)
        chat.members.remove(ann, lobby, bob)
        assert events(chat, lobby) == ["member_removed"]

    def test_leaving_again_completes_it_and_one_is_no_member(
        self, chat: Chat, lobby: ConversationId, bob: UserId
    ) -> None:
        with pytest.raises(Unavailable):
            without_log(chat).remove(bob, lobby, bob)
        with pytest.raises(NotMember):
            chat.members.remove(bob, lobby, bob)
        assert events(chat, lobby) == ["member_removed"]

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, lobby: ConversationId, bob: UserId, cid: UserId
    ) -> None:
        """P8."""
        for conversation in (lobby, NOWHERE):
            for user in (bob, cid):
                with pytest.raises(NotMember):
                    chat.members.remove(cid, conversation, user)
