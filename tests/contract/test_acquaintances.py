"""What every `Acquaintances` promises (P8)."""

from dataclasses import dataclass
from typing import Any

import pytest

from natter.adapters.postgres.acquaintances import PostgresAcquaintances
from natter.adapters.postgres.client import Postgres
from natter.domain.ids import UserId, new_id
from natter.ports.presence import Acquaintances
from tests.contract.conversation_store import a_direct, a_group
from tests.contract.erasure_stores import Stores, in_memory, in_postgres
from tests.identity import NOON
from tests.memory.acquaintances import MemoryAcquaintances


@dataclass(frozen=True)
class People:
    stores: Stores
    acquaintances: Acquaintances

    def see_each_other(self, one: UserId, other: UserId) -> bool:
        """It works both ways."""
        seen = self.acquaintances.among(one, [other, UserId(new_id())])
        assert self.acquaintances.among(other, [one]) == ({one} if seen else set())
        assert seen <= {other}
        return bool(seen)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def people(request: pytest.FixtureRequest) -> People:
    if request.param == "postgres":
        database: Postgres = request.getfixturevalue("postgres")
        return People(in_postgres(database), PostgresAcquaintances(database))
    stores: Any = in_memory()
    return People(stores, MemoryAcquaintances(stores.users, stores.conversations, stores.contacts, stores.blocks))


@pytest.fixture
def ann(people: People) -> UserId:
    return people.stores.person()


@pytest.fixture
def bob(people: People) -> UserId:
    return people.stores.person()


class TestAcquaintancesContract:
    def test_strangers_do_not_see_each_other(self, people: People, ann: UserId, bob: UserId) -> None:
        people.stores.conversations.create(a_group(ann, people.stores.person()))
        people.stores.conversations.create(a_group(bob, people.stores.person()))
        assert not people.see_each_other(ann, bob)

    def test_people_of_one_conversation_do(self, people: People, ann: UserId, bob: UserId) -> None:
        cid, dan = people.stores.person(), people.stores.person()
        people.stores.conversations.create(a_direct(ann, bob))
        people.stores.conversations.create(a_group(cid, dan, ann))
        assert people.acquaintances.among(ann, [bob, cid, dan]) == {bob, cid, dan}
        assert not people.see_each_other(bob, cid)

    def test_who_was_removed_does_not_any_more(self, people: People, ann: UserId, bob: UserId) -> None:
        group = a_group(ann, bob)
        people.stores.conversations.create(group)
        assert people.see_each_other(ann, bob)
        people.stores.leave(bob, group.conversation_id)
        assert not people.see_each_other(ann, bob)

    def test_contacts_do_when_both_have_added_the_other(self, people: People, ann: UserId, bob: UserId) -> None:
        people.stores.contacts.add(ann, bob, at=NOON)
        assert not people.see_each_other(ann, bob)
        people.stores.contacts.add(bob, ann, at=NOON)
        assert people.see_each_other(ann, bob)

    @pytest.mark.parametrize("mine", [True, False])
    def test_across_a_block_nobody_does(self, people: People, ann: UserId, bob: UserId, mine: bool) -> None:
        people.stores.conversations.create(a_direct(ann, bob))
        by, blocked = (ann, bob) if mine else (bob, ann)
        people.stores.blocks.add(by, blocked, at=NOON)
        assert not people.see_each_other(ann, bob)
        people.stores.blocks.remove(by, blocked, at=NOON)
        assert people.see_each_other(ann, bob)

    @pytest.mark.parametrize("mine", [True, False])
    def test_who_is_erased_is_nobody_s(self, people: People, ann: UserId, bob: UserId, mine: bool) -> None:
        """Though they stay in the direct conversation."""
        people.stores.conversations.create(a_direct(ann, bob))
        people.stores.erasures.request(ann if mine else bob, at=NOON)
        assert not people.see_each_other(ann, bob)

    def test_one_sees_oneself_if_one_asks(self, people: People, ann: UserId, bob: UserId) -> None:
        assert people.acquaintances.among(ann, [ann, bob]) == {ann}
        assert people.acquaintances.among(ann, []) == set()

    def test_of_many_all_are_answered_at_once(self, people: People, ann: UserId) -> None:
        others = [people.stores.person() for _ in range(100)]
        people.stores.conversations.create(a_group(ann, *others[:50]))
        assert people.acquaintances.among(ann, others) == set(others[:50])

    def test_of_several_each_is_answered_for_themselves(self, people: People, ann: UserId, bob: UserId) -> None:
        cid, stranger = people.stores.person(), people.stores.person()
        people.stores.conversations.create(a_direct(ann, bob))
        people.stores.conversations.create(a_direct(bob, cid))
        wanted: dict[UserId, list[UserId]] = {ann: [bob, cid], bob: [ann, cid, stranger], stranger: [ann], cid: []}
        assert people.acquaintances.among_each(wanted) == {ann: {bob}, bob: {ann, cid}, stranger: set(), cid: set()}
