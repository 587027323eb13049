"""What every `Conversations` promises of those who block each other."""

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.conversations import NOTE_BLOCKS, ROLES
from natter.domain.conversations.members import Member
from natter.domain.conversations.roster import Standing
from natter.domain.errors import NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers
from tests.contract.conversation_store import Store, a_direct, a_group
from tests.contract.plans import plan
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
        store.blocks.remove(by, blocked)
        assert not store.conversations.roles(direct).blocked

    def test_of_others_do_not(self, store: Store, ann: UserId, bob: UserId, direct: ConversationId) -> None:
        lobby = store.conversations.create(a_group(ann, bob))[0].conversation_id
        store.blocks.add(ann, bob, at=NOON)
        store.blocks.add(ann, store.person(), at=NOON)
        assert not store.conversations.roles(lobby).blocked
        store.blocks.remove(ann, bob)
        assert not store.conversations.roles(direct).blocked

    def test_are_later_ones_after_a_block_was_noted(
        self, store: Store, ann: UserId, bob: UserId, direct: ConversationId
    ) -> None:
        """And what is told to the log is counted as before: it has no hole."""
        before = store.conversations.roles(direct)
        for asking, other in ((ann, bob), (bob, ann)):
            assert store.conversations.note_blocks(asking, other) == direct
        assert store.conversations.roles(direct).version > before.version
        assert len(store.published(direct)) == 1

    def test_of_two_without_a_conversation_there_is_nothing_to_note(
        self, store: Store, ann: UserId, bob: UserId
    ) -> None:
        store.conversations.create(a_group(ann, bob))
        assert store.conversations.note_blocks(ann, bob) is None


@pytest.mark.engines
@pytest.mark.parametrize("statement", [NOTE_BLOCKS, ROLES])
def test_every_look_up_has_its_index(postgres: Postgres, statement: str) -> None:
    assert "Seq Scan" not in plan(postgres, statement, ("u:v",))
