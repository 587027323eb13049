"""What every `Conversations` promises of how many one user is in, and of who brings whom together."""

from functools import partial

import pytest

from natter.domain.accounts.users import ProfileChange
from natter.domain.conversations.members import Member
from natter.domain.conversations.records import NewConversation
from natter.domain.conversations.roster import Standing
from natter.domain.errors import Conflict, NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers, RemoveMember
from natter.ports.conversations import Conversations
from tests.contract.conversation_store import Store, a_direct, a_group, at_once
from tests.identity import NOON

MOST = 3


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is in more than three."""
    for module in ("natter.adapters.postgres.members", "tests.memory.conversations"):
        monkeypatch.setattr(f"{module}.MAX_CONVERSATIONS", MOST)


def add(store: Store, conversation: ConversationId, by: UserId, *users: UserId) -> None:
    def decide(_: Standing) -> AddMembers:
        members = tuple(Member(user_id=user, role="member") for user in users)
        return AddMembers(client_id=ClientId(new_id()), members=members)

    store.conversations.change(conversation, by, decide, at=NOON)


def remove(store: Store, conversation: ConversationId, user: UserId) -> None:
    store.conversations.change(
        conversation, user, lambda _: RemoveMember(client_id=ClientId(new_id()), user_id=user), at=NOON
    )


def succeeds(conversations: Conversations, new: NewConversation) -> bool:
    try:
        return conversations.create(new)[1]
    except Conflict:
        return False


def fill(store: Store, user: UserId) -> list[ConversationId]:
    """`user` is in as many as anybody may be, by others' doing."""
    return [store.conversations.create(a_group(store.person(), user))[0].conversation_id for _ in range(MOST)]


@pytest.mark.usefixtures("few")
class TestConversationsOfOneUser:
    def test_who_is_in_as_many_as_may_be_begins_and_is_brought_into_none(
        self, store: Store, ann: UserId, bob: UserId
    ) -> None:
        fill(store, ann)
        for new in (a_group(ann), a_direct(ann, bob), a_group(bob, ann), a_direct(bob, ann)):
            with pytest.raises(Conflict):
                store.conversations.create(new)
            assert store.conversations.seen_by(bob, new.conversation_id) is None
            assert store.published(new.conversation_id) == []

    def test_being_added_is_all_or_none(self, store: Store, ann: UserId, bob: UserId) -> None:
        fill(store, ann)
        lobby = store.conversations.create(a_group(bob))[0].conversation_id
        before = len(store.published(lobby))
        with pytest.raises(Conflict):
            add(store, lobby, bob, store.person(), ann)
        assert store.conversations.roles(lobby).roles.keys() == {bob}
        assert (before, store.published(lobby)) == (1, [])

    def test_those_that_are_there_are_found(self, store: Store, ann: UserId, bob: UserId) -> None:
        direct, group = a_direct(ann, bob), a_group(ann)
        for new in (direct, group, a_group(ann)):
            store.conversations.create(new)
        assert store.conversations.create(a_direct(bob, ann))[0].conversation_id == direct.conversation_id
        assert store.conversations.create(group)[1] is False

    def test_leaving_makes_room(self, store: Store, ann: UserId, bob: UserId) -> None:
        joined = fill(store, ann)
        remove(store, joined[0], ann)
        lobby = store.conversations.create(a_group(bob, ann))[0].conversation_id
        assert store.conversations.begun_of(ann).keys() == {*joined[1:], lobby}
        with pytest.raises(Conflict):
            store.conversations.create(a_group(ann))

    def test_leaving_works_whatever_they_are_in(
        self, store: Store, ann: UserId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also of who was in more before there was a bound."""
        joined = fill(store, ann)
        for module in ("natter.adapters.postgres.members", "tests.memory.conversations"):
            monkeypatch.setattr(f"{module}.MAX_CONVERSATIONS", 1)
        for conversation in joined:
            remove(store, conversation, ann)
        assert store.conversations.begun_of(ann) == {}

    def test_of_many_at_once_no_more_succeed_than_may(self, store: Store) -> None:
        for _ in range(5):
            ann = store.person()
            for _ in range(MOST - 1):
                store.conversations.create(a_group(ann))
            outcomes = at_once(
                partial(succeeds, store.conversations, a_group(store.person(), ann)),
                partial(succeeds, store.elsewhere, a_group(store.person(), ann)),
            )
            assert sorted(outcomes) == [False, True]
            assert len(store.conversations.begun_of(ann)) == MOST

    def test_many_who_add_the_same_people_the_other_way_round_do_not_lock_each_other_out(self, store: Store) -> None:
        people = sorted(store.person() for _ in range(20))
        creators = [store.person(), store.person()]
        at_once(
            lambda: store.conversations.create(a_group(creators[0], *people)),
            lambda: store.elsewhere.create(a_group(creators[1], *reversed(people))),
        )
        assert all(len(store.conversations.begun_of(user)) == 2 for user in people)


class TestCounts:
    def test_members_are_counted_as_they_come_and_go(self, store: Store, ann: UserId, bob: UserId) -> None:
        lobby = store.conversations.create(a_group(ann, bob))[0].conversation_id

        def count() -> int:
            record = store.conversations.seen_by(ann, lobby)
            assert record is not None
            return record.member_count

        add(store, lobby, ann, store.person(), store.person())
        counts = [count()]
        remove(store, lobby, bob)
        counts.append(count())
        add(store, lobby, ann, bob)
        assert [*counts, count()] == [4, 3, 4]

    def test_a_page_of_the_inbox_is_read_whole_and_the_rest_is_not(self, store: Store, ann: UserId) -> None:
        made = [store.conversations.create(a_group(ann, created_at=NOON + n))[0].conversation_id for n in range(3)]
        others = store.conversations.create(a_group(store.person()))[0].conversation_id
        assert store.conversations.begun_of(ann) == {each: NOON + n for n, each in enumerate(made)}
        found = store.conversations.seen_among(ann, [made[0], made[2], others])
        assert found == {each: store.conversations.seen_by(ann, each) for each in (made[0], made[2])}
        assert store.conversations.seen_among(ann, []) == {}


class TestContactable:
    """Who is contactable for their contacts only is nobody to all others."""

    @pytest.fixture(autouse=True)
    def _reserved(self, store: Store, bob: UserId) -> None:
        store.users.change_profile(bob, ProfileChange(contactable="contacts"))

    def test_others_bring_them_into_nothing(self, store: Store, ann: UserId, bob: UserId) -> None:
        """That others keep them as a contact does not matter. Nobody can tell them from who does not exist."""
        store.contacts.add(ann, bob, at=NOON)
        lobby = store.conversations.create(a_group(ann))[0].conversation_id
        refused = set()
        for user in (bob, UserId(new_id())):
            for new in (a_direct(ann, user), a_group(ann, user)):
                with pytest.raises(NotFound) as refusal:
                    store.conversations.create(new)
                refused.add(str(refusal.value))
            with pytest.raises(NotFound) as refusal:
                add(store, lobby, ann, user)
            refused.add(str(refusal.value))
        assert len(refused) == 1

    def test_their_contacts_do(self, store: Store, ann: UserId, bob: UserId) -> None:
        store.contacts.add(bob, ann, at=NOON)
        lobby = store.conversations.create(a_group(ann))[0].conversation_id
        add(store, lobby, ann, bob)
        assert store.conversations.create(a_direct(ann, bob))[1]
        assert len(store.conversations.begun_of(bob)) == 2

    def test_they_bring_others_together_with_themselves(self, store: Store, ann: UserId, bob: UserId) -> None:
        assert store.conversations.create(a_direct(bob, ann))[1]
        assert store.conversations.create(a_group(bob, ann))[1]

    def test_the_conversation_that_is_there_is_found(self, store: Store, ann: UserId, bob: UserId) -> None:
        direct = store.conversations.create(a_direct(bob, ann))[0].conversation_id
        assert store.conversations.create(a_direct(ann, bob))[0].conversation_id == direct

    def test_everybody_does_again_when_they_say_so(self, store: Store, ann: UserId, bob: UserId) -> None:
        changed = store.users.change_profile(bob, ProfileChange(contactable="everybody"))
        assert changed is not None
        assert changed.contactable == "everybody"
        assert store.conversations.create(a_direct(ann, bob))[1]
