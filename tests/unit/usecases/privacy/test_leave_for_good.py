from collections.abc import Sequence

from natter.domain.conversations.records import CreateRequest
from natter.domain.ids import ConversationId, UserId
from natter.usecases.privacy.leave_for_good import LeaveForGood
from tests.chat import Chat
from tests.erasing import erasing


def leaving(chat: Chat) -> LeaveForGood:
    return erasing(chat).leave


def told(chat: Chat, conversation: ConversationId) -> Sequence[str]:
    """What the log says of the conversation since it was made."""
    commands = [record.command for record in chat.log.records()]
    return [each.items[0].type for each in commands if each.conversation_id == conversation][1:]


class TestLeaveForGood:
    def test_a_group_passes_to_the_admin_who_has_been_there_longest(self, chat: Chat, ann: UserId) -> None:
        group = chat.group(ann)
        bob, cid, dan = (chat.person(name) for name in ("bob", "cid", "dan"))
        for user in (bob, cid, dan):
            chat.world.clock.advance(seconds=1)
            chat.join(group, user)
        for admin in (dan, cid):
            chat.conversations.decide(group, admin, "admin", at=chat.world.clock())
        chat.announce(group)
        chat.world.erasures.request(ann, at=chat.world.clock())
        leaving(chat)(ann, group)
        assert chat.conversations.roles(group).roles == {bob: "member", cid: "owner", dan: "admin"}
        assert told(chat, group)[-3:] == ["role_changed", "member_removed", "member_erased"]

    def test_a_group_with_another_owner_keeps_its_roles(self, chat: Chat, ann: UserId) -> None:
        bob = chat.person("bob")
        group = chat.group(bob, ann)
        chat.conversations.decide(group, ann, "owner")
        chat.announce(group)
        chat.world.erasures.request(ann, at=chat.world.clock())
        leaving(chat)(ann, group)
        assert chat.conversations.roles(group).roles == {bob: "owner"}
        assert told(chat, group)[-2:] == ["member_removed", "member_erased"]

    def test_the_last_one_just_leaves(self, chat: Chat, ann: UserId) -> None:
        group = chat.group(ann)
        chat.world.erasures.request(ann, at=chat.world.clock())
        leaving(chat)(ann, group)
        assert chat.conversations.roles(group).roles == {}
        assert told(chat, group) == ["member_removed", "member_erased"]

    def test_of_a_direct_conversation_they_stay_the_other_one(self, chat: Chat, ann: UserId) -> None:
        bob = chat.person("bob")
        view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
        direct = view.record.conversation_id
        chat.world.erasures.request(ann, at=chat.world.clock())
        leaving(chat)(ann, direct)
        assert set(chat.conversations.roles(direct).roles) == {ann, bob}
        assert told(chat, direct) == ["member_erased"]

    def test_whoever_left_before_is_erased_all_the_same(self, chat: Chat, ann: UserId) -> None:
        group = chat.group(chat.person("bob"), ann)
        chat.leave(group, ann)
        chat.world.erasures.request(ann, at=chat.world.clock())
        leaving(chat)(ann, group)
        assert told(chat, group) == ["member_removed", "member_erased"]

    def test_each_change_is_decided_and_told_once(self, chat: Chat, ann: UserId) -> None:
        group = chat.group(ann, chat.person("bob"))
        chat.world.erasures.request(ann, at=chat.world.clock())
        for _ in range(2):
            leaving(chat)(ann, group)
        assert told(chat, group) == ["role_changed", "member_removed", "member_erased"]
