"""What every `Identities` promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.identities import PostgresIdentities
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.identities import Identity
from natter.domain.errors import UsernameTaken
from natter.domain.ids import new_id
from natter.ports.accounts import Identities, Users
from tests.identity import a_user
from tests.memory.identities import MemoryIdentities
from tests.memory.users import MemoryUsers


def an_identity() -> Identity:
    return Identity(issuer="https://login.example", subject=f"auth0|{new_id()}")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def stores(request: pytest.FixtureRequest) -> tuple[Identities, Users]:
    if request.param == "memory":
        users = MemoryUsers()
        return MemoryIdentities(users), users
    database = request.getfixturevalue("postgres")
    return PostgresIdentities(database), PostgresUsers(database)


class TestIdentitiesContract:
    def test_who_was_added_is_found_and_has_no_password(self, stores: tuple[Identities, Users]) -> None:
        identities, users = stores
        identity, user = an_identity(), a_user()
        assert identities.find(identity) is None
        assert identities.add(identity, user) == user.user_id
        assert identities.find(identity) == user.user_id
        assert users.by_name(user.username) == user
        assert users.credentials(user.username) is None

    def test_the_first_one_stays(self, stores: tuple[Identities, Users]) -> None:
        """Whatever the provider calls them by now; of the second nothing remains."""
        identities, users = stores
        identity, first, second = an_identity(), a_user(), a_user()
        identities.add(identity, first)
        renamed = Identity(issuer=identity.issuer, subject=identity.subject, username="else", display_name="Else")
        assert identities.find(renamed) == first.user_id
        assert identities.add(renamed, second) == first.user_id
        assert users.by_id(second.user_id) is None

    def test_the_same_subject_of_another_issuer_is_somebody_else(self, stores: tuple[Identities, Users]) -> None:
        identities, _ = stores
        here = an_identity()
        there = Identity(issuer="https://login.other.example", subject=here.subject)
        identities.add(here, a_user())
        assert identities.find(there) is None

    def test_a_taken_name_leaves_nothing_behind(self, stores: tuple[Identities, Users]) -> None:
        """Who has a password is never taken over by somebody whom a provider calls the same."""
        identities, users = stores
        taken, identity = a_user(), an_identity()
        users.add(taken, "hash")
        with pytest.raises(UsernameTaken):
            identities.add(identity, a_user(taken.username))
        assert identities.find(identity) is None
        assert users.by_name(taken.username) == taken
        other = a_user()
        assert identities.add(identity, other) == other.user_id


@pytest.mark.engines
def test_of_many_first_sign_ins_at_once_one_adds_the_user(postgres: Postgres, other_postgres: Postgres) -> None:
    """All are told the same user, and there is no other."""
    identity, candidates = an_identity(), [a_user() for _ in range(8)]

    def add(number: int) -> str:
        return PostgresIdentities((postgres, other_postgres)[number % 2]).add(identity, candidates[number])

    with ThreadPoolExecutor(8) as threads:
        (winner,) = set(threads.map(add, range(8)))
    assert [each for each in candidates if PostgresUsers(postgres).by_id(each.user_id)] == [
        each for each in candidates if each.user_id == winner
    ]
