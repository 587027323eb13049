"""What every `Users` promises."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.credentials import Credentials
from natter.domain.accounts.users import ProfileChange
from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId
from natter.ports.accounts import Users
from tests.identity import a_user
from tests.memory.users import MemoryUsers


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

    def test_a_profile_is_changed_where_it_is_said(self, users: Users) -> None:
        user = a_user()
        users.add(user, "hash")
        steps = [
            (ProfileChange(), ("Ann", None)),
            (ProfileChange(avatar="https://a.example/1", changes_avatar=True), ("Ann", "https://a.example/1")),
            (ProfileChange(display_name="Zoë \N{SNOWMAN}"), ("Zoë \N{SNOWMAN}", "https://a.example/1")),
            (ProfileChange(changes_avatar=True), ("Zoë \N{SNOWMAN}", None)),
        ]
        for change, (display_name, avatar) in steps:
            expected = replace(user, display_name=display_name, avatar=avatar)
            assert users.change_profile(user.user_id, change) == expected
            assert users.by_id(user.user_id) == users.by_name(user.username) == expected

    def test_nobody_has_no_profile_to_change(self, users: Users) -> None:
        assert users.change_profile(a_user().user_id, ProfileChange(display_name="Zoë")) is None

    def test_a_password_is_replaced_by_who_knows_it(self, users: Users) -> None:
        user = a_user()
        users.add(user, "first")
        known = Credentials(user.user_id, "first")
        for _ in range(2):  # the second time because the answer was lost
            assert users.replace_password(known, "second")
        assert not users.replace_password(known, "third")
        assert users.credentials(user.username) == Credentials(user.user_id, "second")
        assert not users.replace_password(Credentials(a_user().user_id, "first"), "second")

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
