"""What every `Conversations` promises of those who block each other."""

from collections.abc import Callable
from functools import partial

import pytest

from natter.domain.conversations.members import Member
from natter.domain.conversations.records import NewConversation
from natter.domain.conversations.roster import Standing
from natter.domain.errors import NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers
from tests.contract.conversation_store import Store, a_direct, a_group, at_once
from tests.identity import NOON


@pytest.fixture
def direct(store: Store, ann: UserId, bob: UserId) -> ConversationId:
    return store.conversations.create(a_direct(ann, bob))[0].conversation_id


class TestNobodyIsBroughtTogether:
    @pytest.mark.parametrize("mine", [True, False])
    def test_by_a_new_conversation(self, store: Store, ann: UserId, bob: UserId, mine: bool) -> None:
        store.blocks.add(*((ann, bob) if mine else (bob, ann)), at=NOON)
        for new in (a_direct(ann, bob), a_group(ann, bob)):
            with pytest.raises(NotFound) as blocked:
                store.conversations.create(new)
            with pytest.raises(NotFound) as unknown:
                store.conversations.create(a_direct(ann, UserId(new_id())))
            assert str(blocked.value) == str(unknown.value)
            assert store.conversations.seen_by(ann, new.conversation_id) is None

    def test_by_asking_for_the_one_that_is_there(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        store.blocks.add(bob, ann, at=NOON)
        with pytest.raises(NotFound):
            store.conversations.create(a_direct(ann, bob))
        assert store.conversations.seen_by(ann, direct) is not None

    def test_by_being_added(self, store: Store, ann: UserId, bob: UserId) -> None:
        cid = store.person()
        lobby = store.conversations.create(a_group(ann))[0].conversation_id
        store.blocks.add(bob, ann, at=NOON)

        def add(_: Standing) -> AddMembers:
            members = tuple(Member(user_id=user, role="member") for user in (cid, bob))
            return AddMembers(client_id=ClientId(new_id()), members=members)

        with pytest.raises(NotFound):
            store.conversations.change(lobby, ann, add, at=NOON)
        assert store.conversations.roles(lobby).roles.keys() == {ann}

    def test_but_by_a_third_one(self, store: Store, ann: UserId, bob: UserId) -> None:
        cid = store.person()
        store.blocks.add(bob, ann, at=NOON)
        lobby = store.conversations.create(a_group(cid, ann, bob))[0].conversation_id
        assert store.conversations.roles(lobby).roles.keys() == {ann, bob, cid}


class TestRosters:
    @pytest.mark.parametrize("mine", [True, False])
    def test_of_direct_conversations_say_whether_there_is_a_block(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId, mine: bool
    ) -> None:
        by, blocked = (ann, bob) if mine else (bob, ann)
        assert not store.conversations.roles(direct).blocked
        store.blocks.add(by, blocked, at=NOON)
        assert store.conversations.roles(direct).blocked
        store.blocks.remove(by, blocked, at=NOON)
        assert not store.conversations.roles(direct).blocked

    def test_of_others_do_not(self, store: Store, ann: UserId, bob: UserId, direct: ConversationId) -> None:
        lobby = store.conversations.create(a_group(ann, bob))[0].conversation_id
        store.blocks.add(ann, bob, at=NOON)
        store.blocks.add(ann, store.person(), at=NOON)
        assert not store.conversations.roles(lobby).blocked
        store.blocks.remove(ann, bob, at=NOON)
        assert not store.conversations.roles(direct).blocked

    def test_are_later_ones_after_a_block_was_noted(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        """And what is told to the log is counted as before: it has no hole."""
        versions = [store.conversations.roles(direct).version]
        store.blocks.add(ann, bob, at=NOON)
        versions.append(store.conversations.roles(direct).version)
        store.blocks.remove(ann, bob, at=NOON)
        versions.append(store.conversations.roles(direct).version)
        assert versions == sorted(set(versions))
        assert len(store.published(direct)) == 1


class TestStaleRosters:
    """What a change of blocks leaves to be done is noted with it: nothing of it can get lost."""

    @pytest.mark.parametrize("mine", [True, False])
    def test_stay_so_until_they_were_replaced(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId, mine: bool
    ) -> None:
        by, blocked = (ann, bob) if mine else (bob, ann)
        assert store.conversations.stale_between(ann, bob) is None
        changes: list[Callable[[], object]] = [
            lambda: store.blocks.add(by, blocked, at=NOON),
            lambda: store.blocks.remove(by, blocked, at=NOON),
        ]
        for change in changes:
            for _ in range(2):
                change()
            stale = store.elsewhere.stale_between(bob, ann)
            assert stale is not None
            assert stale.conversation_id == direct
            store.conversations.note_replaced(stale)
            assert store.conversations.stale_between(ann, bob) is None
            change()  # which is none any more
            assert store.conversations.stale_between(ann, bob) is None

    def test_one_that_became_stale_again_while_it_was_replaced_stays_so(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        store.blocks.add(ann, bob, at=NOON)
        before = store.conversations.stale_between(ann, bob)
        assert before is not None
        store.blocks.remove(ann, bob, at=NOON)
        store.conversations.note_replaced(before)
        after = store.conversations.stale_between(ann, bob)
        assert after is not None
        assert (after.conversation_id, after.version > before.version) == (direct, True)

    def test_are_found_when_they_are_overdue_the_longest_waiting_first(self, store: Store) -> None:
        directs = []
        for number in range(3):
            some, other = store.person(), store.person()
            directs.append(store.conversations.create(a_direct(some, other))[0].conversation_id)
            store.blocks.add(some, other, at=number - 1000)
        found = [each.conversation_id for each in store.conversations.stale(before=2 - 1000, limit=100)]
        assert [each for each in found if each in directs] == directs[:2]
        assert len(store.conversations.stale(before=NOON, limit=1)) == 1
        for stale in store.conversations.stale(before=NOON, limit=1000):
            store.conversations.note_replaced(stale)

    def test_of_two_without_a_conversation_there_is_none(self, store: Store, ann: UserId, bob: UserId) -> None:
        store.conversations.create(a_group(ann, bob))
        store.blocks.add(ann, bob, at=NOON)
        assert store.conversations.stale_between(ann, bob) is None

    def test_a_block_and_a_beginning_at_once_know_of_each_other(self, store: Store) -> None:
        """Either there is no conversation, or its roster is known to be stale."""
        for _ in range(10):
            ann, bob = store.person(), store.person()
            new = a_direct(ann, bob)

            def begin(new: NewConversation = new) -> bool:
                try:
                    return store.elsewhere.create(new)[1]
                except NotFound:
                    return False

            begun, _ = at_once(begin, partial(store.blocks.add, bob, ann, at=NOON))
            assert (store.conversations.stale_between(ann, bob) is not None) == begun
