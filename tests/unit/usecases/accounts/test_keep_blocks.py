from dataclasses import replace
from typing import override

import pytest

from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import BadRequest, Forbidden, NotFound, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.usecases.accounts.keep_blocks import KeepBlocks
from natter.usecases.conversations.relay import AGE_MS, Relay
from tests.chat import Chat
from tests.interrupting import Death, died
from tests.memory.admission import MemoryAdmission
from tests.memory.remembering import RememberingAdmission
from tests.messages import a_command, a_post


@pytest.fixture
def keep(chat: Chat) -> KeepBlocks:
    return KeepBlocks(
        blocks=chat.world.blocks,
        conversations=chat.conversations,
        admission=chat.admission,
        now_ms=chat.world.clock,
    )


@pytest.fixture
def direct(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
    return view.record.conversation_id


def say(chat: Chat, sender: UserId, conversation: ConversationId) -> int:
    return chat.send(a_command(a_post("m1"), sender=sender, conversation=conversation))


class TestKeepBlocks:
    def test_lists_whom_one_has_blocked_and_nobody_else(
        self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId
    ) -> None:
        for _ in range(2):
            keep.add(ann, bob)
        assert [each.username for each in keep.page(ann, limit=50, cursor=None).items] == ["bob"]
        assert list(keep.page(bob, limit=50, cursor=None).items) == []
        for _ in range(2):
            keep.remove(ann, bob)
        assert list(keep.page(ann, limit=50, cursor=None).items) == []
        assert not chat.world.blocks.across([(ann, bob)])

    def test_who_has_blocked_one_can_be_blocked_and_is_not_told_apart(
        self, keep: KeepBlocks, ann: UserId, bob: UserId
    ) -> None:
        keep.add(bob, ann)
        keep.add(ann, bob)
        assert [each.username for each in keep.page(ann, limit=50, cursor=None).items] == ["bob"]

    def test_not_oneself_and_not_nobody(self, keep: KeepBlocks, ann: UserId) -> None:
        with pytest.raises(BadRequest, match=r"^user_id: "):
            keep.add(ann, ann)
        with pytest.raises(NotFound, match="no such user"):
            keep.add(ann, UserId("unknown"))

    def test_neither_writes_to_the_other_while_it_lasts(
        self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        """Also when both have blocked: the last one lifts it."""
        keep.add(ann, bob)
        keep.add(bob, ann)
        keep.remove(ann, bob)
        refused = []
        for sender in (ann, bob):
            with pytest.raises(Forbidden) as refusal:
                say(chat, sender, direct)
            refused.append(str(refusal.value))
        assert refused[0] == refused[1]
        keep.remove(bob, ann)
        assert say(chat, bob, direct)

    def test_in_shared_groups_both_go_on(self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId) -> None:
        lobby = chat.group(ann, bob)
        keep.add(ann, bob)
        assert say(chat, ann, lobby)
        assert say(chat, bob, lobby)

    def test_nobody_is_brought_together_across_it(
        self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        """Not by asking for the direct conversation that is there, either."""
        lobby = chat.group(bob)
        keep.add(ann, bob)
        requests = [
            CreateRequest(creator=ann, kind="direct", members=(bob,)),
            CreateRequest(creator=bob, kind="direct", members=(ann,)),
            CreateRequest(creator=bob, kind="group", members=(ann,), title="Us"),
        ]
        for request in requests:
            with pytest.raises(NotFound):
                chat.create(request)
        with pytest.raises(NotFound):
            chat.members.add(bob, lobby, [ann])
        with pytest.raises(NotFound):
            chat.members.set_role(bob, lobby, ann, "member")
        assert chat.conversations.seen_by(ann, direct) is not None

    def test_a_group_may_hold_two_who_block_each_other(
        self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId
    ) -> None:
        """Only who asks matters: a third one cannot know."""
        cid = chat.person("cid")
        keep.add(ann, bob)
        lobby = chat.group(cid, ann, bob)
        assert chat.conversations.roles(lobby).roles.keys() == {ann, bob, cid}

    def test_what_does_not_count_yet_is_said_and_completed_by_asking_again(
        self, chat: Chat, keep: KeepBlocks, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        """P9: the block is there, but a snapshot may not know."""

        class Down(MemoryAdmission):
            @override
            def replace(self, conversation: ConversationId) -> None:
                raise Unavailable("cache")

        replaced: list[ConversationId] = []

        class Noting(MemoryAdmission):
            @override
            def replace(self, conversation: ConversationId) -> None:
                replaced.append(conversation)

        with pytest.raises(Unavailable):
            replace(keep, admission=Down(chat.conversations)).add(ann, bob)
        replace(keep, admission=Noting(chat.conversations)).add(ann, bob)
        replace(keep, admission=Noting(chat.conversations)).add(ann, bob)
        replace(keep, admission=Noting(chat.conversations)).remove(ann, bob)
        assert replaced == [direct, direct]

    @pytest.mark.parametrize("planted", [False, True])
    def test_whoever_dies_at_any_access_relay_completes_it(self, planted: bool) -> None:
        """What counts in the end is what was decided, also where an older roster was remembered; repeated or not."""
        outcomes = {at: self._counts(at, before=before, planted=planted) for before in (False, True) for at in range(6)}
        assert all(outcomes.values()) != planted

    def _counts(self, at: int, *, before: bool, planted: bool) -> bool:
        """Ann blocks Bob, or takes it back, and dies; then `relay` has its turn. Planted: nothing was noted for it."""
        chat = Chat()
        ann, bob = chat.person("ann"), chat.person("bob")
        view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
        direct = view.record.conversation_id
        if before:
            chat.world.keep_blocks.add(ann, bob)
        admission = RememberingAdmission(chat.conversations)
        admission.replace(direct)
        death = Death(at)
        keep = KeepBlocks(
            blocks=death(chat.world.blocks, of=("add", "remove")),
            conversations=death(chat.conversations, of=("stale_between", "note_replaced")),
            admission=death(admission, of=("replace",)),
            now_ms=chat.world.clock,
        )
        died(lambda: keep.remove(ann, bob) if before else keep.add(ann, bob))
        if planted:
            for stale in chat.conversations.stale(before=chat.world.clock() + 1, limit=10):
                chat.conversations.note_replaced(stale)
        chat.world.clock.advance(seconds=AGE_MS / 1000 + 1)
        Relay(conversations=chat.conversations, admission=admission, announce=chat.announce, now_ms=chat.world.clock)()
        assert chat.conversations.stale(before=chat.world.clock(), limit=10) == []
        return admission.roster(direct).blocked == bool(chat.world.blocks.across([(ann, bob)]))
