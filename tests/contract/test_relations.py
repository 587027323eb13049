"""What every `Profiles`, `Contacts` and `Blocks` promise."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.relations import (
    PostgresBlocks,
    PostgresContacts,
    PostgresProfiles,
)
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.users import User
from natter.domain.ids import UserId, new_id
from natter.ports.accounts import Blocks, Contacts, Profiles, Users
from tests.identity import NOON, a_user
from tests.memory.relations import MemoryBlocks, MemoryContacts, MemoryProfiles
from tests.memory.users import MemoryUsers


@dataclass(frozen=True)
class People:
    users: Users
    profiles: Profiles
    contacts: Contacts
    blocks: Blocks

    def person(self) -> User:
        user = a_user()
        self.users.add(user, "hash")
        return user

    def contacts_of(self, user: User, *, after: UserId | None = None, limit: int = 50) -> Sequence[User]:
        return self.contacts.of(user.user_id, after=after, limit=limit)

    def blocked_by(self, user: User, *, after: UserId | None = None, limit: int = 50) -> Sequence[User]:
        return self.blocks.of(user.user_id, after=after, limit=limit)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def people(request: pytest.FixtureRequest) -> People:
    if request.param == "memory":
        users = MemoryUsers()
        blocks = MemoryBlocks(users)
        return People(users, MemoryProfiles(users, blocks), MemoryContacts(users, blocks), blocks)
    database: Postgres = request.getfixturevalue("postgres")
    return People(
        PostgresUsers(database), PostgresProfiles(database), PostgresContacts(database), PostgresBlocks(database)
    )


@pytest.fixture
def ann(people: People) -> User:
    return people.person()


@pytest.fixture
def bob(people: People) -> User:
    return people.person()


class TestProfilesContract:
    def test_all_are_seen(self, people: People, ann: User, bob: User) -> None:
        for seen in (ann, bob):
            assert people.profiles.by_id(seen.user_id, seen_by=ann.user_id) == seen
            assert people.profiles.by_name(seen.username, seen_by=ann.user_id) == seen

    def test_nobody_is_not(self, people: People, ann: User) -> None:
        assert people.profiles.by_id(UserId(new_id()), seen_by=ann.user_id) is None
        assert people.profiles.by_name("nobody", seen_by=ann.user_id) is None

    def test_across_a_block_nobody_is_there_either_way(self, people: People, ann: User, bob: User) -> None:
        cid = people.person()
        people.blocks.add(ann.user_id, bob.user_id, at=NOON)
        for asking, other in ((ann, bob), (bob, ann)):
            assert people.profiles.by_id(other.user_id, seen_by=asking.user_id) is None
            assert people.profiles.by_name(other.username, seen_by=asking.user_id) is None
        assert people.profiles.by_id(bob.user_id, seen_by=cid.user_id) == bob
        people.blocks.remove(ann.user_id, bob.user_id, at=NOON)
        assert people.profiles.by_id(ann.user_id, seen_by=bob.user_id) == ann


class TestContactsContract:
    def test_who_was_added_is_listed_until_removed(self, people: People, ann: User, bob: User) -> None:
        for _ in range(2):
            assert people.contacts.add(ann.user_id, bob.user_id, at=NOON)
        assert (list(people.contacts_of(ann)), list(people.contacts_of(bob))) == ([bob], [])
        for _ in range(2):
            people.contacts.remove(ann.user_id, bob.user_id)
        assert list(people.contacts_of(ann)) == []

    def test_nobody_is_not_added(self, people: People, ann: User) -> None:
        assert not people.contacts.add(ann.user_id, UserId(new_id()), at=NOON)

    @pytest.mark.parametrize("mine", [True, False])
    def test_across_a_block_nobody_is_added_or_shown(self, people: People, ann: User, bob: User, mine: bool) -> None:
        """Who was added before comes back when the block is lifted."""
        by, blocked = (ann, bob) if mine else (bob, ann)
        people.contacts.add(ann.user_id, bob.user_id, at=NOON)
        people.blocks.add(by.user_id, blocked.user_id, at=NOON)
        assert list(people.contacts_of(ann)) == []
        assert not people.contacts.add(ann.user_id, bob.user_id, at=NOON)
        people.blocks.remove(by.user_id, blocked.user_id, at=NOON)
        assert list(people.contacts_of(ann)) == [bob]

    def test_are_read_in_the_order_of_their_ids(self, people: People, ann: User) -> None:
        friends = sorted((people.person() for _ in range(5)), key=lambda user: user.user_id)
        for friend in reversed(friends):
            people.contacts.add(ann.user_id, friend.user_id, at=NOON)
        assert list(people.contacts_of(ann, limit=2)) == friends[:2]
        assert list(people.contacts_of(ann, after=friends[1].user_id)) == friends[2:]

    def test_are_shown_as_they_are_now(self, people: People, ann: User, bob: User) -> None:
        """Not as they were when they were added."""
        people.contacts.add(ann.user_id, bob.user_id, at=NOON)
        assert people.contacts_of(ann)[0] == people.users.by_id(bob.user_id)


class TestBlocksContract:
    def test_who_was_blocked_is_listed_until_unblocked(self, people: People, ann: User, bob: User) -> None:
        for _ in range(2):
            assert people.blocks.add(ann.user_id, bob.user_id, at=NOON)
        assert (list(people.blocked_by(ann)), list(people.blocked_by(bob))) == ([bob], [])
        for _ in range(2):
            people.blocks.remove(ann.user_id, bob.user_id, at=NOON)
        assert list(people.blocked_by(ann)) == []

    def test_works_both_ways_and_lasts_until_both_have_lifted_it(self, people: People, ann: User, bob: User) -> None:
        people.blocks.add(ann.user_id, bob.user_id, at=NOON)
        assert people.blocks.add(bob.user_id, ann.user_id, at=NOON)
        people.blocks.remove(ann.user_id, bob.user_id, at=NOON)
        both_ways = [(ann.user_id, bob.user_id), (bob.user_id, ann.user_id)]
        assert people.blocks.across(both_ways) == set(both_ways)
        people.blocks.remove(bob.user_id, ann.user_id, at=NOON)
        assert people.blocks.across(both_ways) == set()

    def test_concerns_nobody_else(self, people: People, ann: User, bob: User) -> None:
        people.blocks.add(ann.user_id, bob.user_id, at=NOON)
        assert not people.blocks.across([(ann.user_id, people.person().user_id)])

    def test_nobody_is_not_blocked(self, people: People, ann: User) -> None:
        assert not people.blocks.add(ann.user_id, UserId(new_id()), at=NOON)

    def test_are_read_in_the_order_of_their_ids(self, people: People, ann: User) -> None:
        others = sorted((people.person() for _ in range(5)), key=lambda user: user.user_id)
        for other in others:
            people.blocks.add(ann.user_id, other.user_id, at=NOON)
        assert list(people.blocked_by(ann, limit=2)) == others[:2]
        assert list(people.blocked_by(ann, after=others[1].user_id)) == others[2:]
