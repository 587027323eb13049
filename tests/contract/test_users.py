"""What every `Users` promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.postgres import Postgres
from natter.adapters.users_memory import MemoryUsers
from natter.adapters.users_postgres import PostgresUsers
from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId
from natter.ports.identity import Credentials, Users
from tests.identity import a_user


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def users(request: pytest.FixtureRequest) -> Users:
    return MemoryUsers() if request.param == "memory" else PostgresUsers(request.getfixturevalue("postgres"))


class TestUsersContract:
    def test_who_was_added_is_found(self, users: Users) -> None:
        """By id, by name, and with the credentials."""
        user = a_user(display_name="Zoë \N{SNOWMAN}")
        users.add(user, "hash")
        assert user == users.by_id(user.user_id)
        assert user == users.by_name(user.username)
        assert Credentials(user.user_id, "hash") == users.credentials(user.username)

    def test_strangers_are_not_found(self, users: Users) -> None:
        stranger = a_user()
        assert users.by_id(stranger.user_id) is None
        assert users.by_name(stranger.username) is None
        assert users.credentials(stranger.username) is None

    def test_a_name_is_given_once(self, users: Users) -> None:
        """The second who wants a name is refused, and changes nothing of the first."""
        first = a_user()
        users.add(first, "first")
        second = a_user(first.username)
        with pytest.raises(UsernameTaken):
            users.add(second, "second")
        assert first == users.by_name(first.username)
        assert Credentials(first.user_id, "first") == users.credentials(first.username)
        assert users.by_id(second.user_id) is None

    def test_adding_again_is_harmless(self, users: Users) -> None:
        """A repetition, because the answer was lost, does not find itself in the way."""
        user = a_user()
        users.add(user, "hash")
        users.add(user, "hash")
        assert user == users.by_name(user.username)

    def test_an_id_is_not_a_pattern(self, users: Users) -> None:
        assert users.by_id(UserId("%")) is None


@pytest.mark.engines
def test_of_many_at_once_one_gets_the_name(postgres: Postgres, other_postgres: Postgres) -> None:
    """Also when they ask from different environments."""
    name = a_user().username

    def add(number: int) -> bool:
        try:
            PostgresUsers((postgres, other_postgres)[number % 2]).add(a_user(name), "hash")
        except UsernameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert [won for won in threads.map(add, range(8)) if won] == [True]
