"""What every `Sessions` promises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import Device, Principal
from natter.domain.ids import DeviceId, SessionId, new_id
from natter.ports.accounts import Sessions
from tests.identity import NOON, a_principal, a_session, a_user
from tests.memory.devices import MemoryDevices
from tests.memory.sessions import MemorySessions


@dataclass
class Setting:
    sessions: Sessions
    somebody: Callable[[], Principal]
    """A user who exists, with a session that was not opened."""

    def opened(self) -> tuple[Principal, RefreshToken]:
        principal = self.somebody()
        token = RefreshToken.first(principal.session_id)
        self.sessions.open(a_session(principal), token.digests())
        return principal, token


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "memory":
        return Setting(MemorySessions(MemoryDevices()), a_principal)
    postgres: Postgres = request.getfixturevalue("postgres")

    def somebody() -> Principal:
        user = a_user()
        PostgresUsers(postgres).add(user, "hash")
        return replace(a_principal(), user_id=user.user_id)

    return Setting(PostgresSessions(postgres), somebody)


class TestSessionsContract:
    def test_opened_is_live(self, setting: Setting) -> None:
        principal, token = setting.opened()
        assert setting.sessions.is_live(principal.session_id)
        assert a_session(principal) == setting.sessions.find(principal.session_id)
        assert Recognised(principal, current=True) == setting.sessions.recognise(token)

    def test_opening_again_is_harmless(self, setting: Setting) -> None:
        principal, token = setting.opened()
        setting.sessions.open(a_session(principal), token.digests())
        assert [a_session(principal)] == list(setting.sessions.of_user(principal.user_id))

    def test_never_opened_is_not_live(self, setting: Setting) -> None:
        unknown = SessionId(new_id())
        assert not setting.sessions.is_live(unknown)
        assert setting.sessions.find(unknown) is None
        assert setting.sessions.recognise(RefreshToken.first(unknown)) is None

    def test_rotating_spends_the_token(self, setting: Setting) -> None:
        """The new one is current, the old one is recognised as spent, however many turns ago it was."""
        principal, first = setting.opened()
        second = first.next()
        third = second.next()
        assert setting.sessions.rotate(first, second, at=NOON + 1)
        assert setting.sessions.rotate(second, third, at=NOON + 2)
        assert Recognised(principal, current=True) == setting.sessions.recognise(third)
        assert Recognised(principal, current=False) == setting.sessions.recognise(first)
        assert Recognised(principal, current=False) == setting.sessions.recognise(second)
        found = setting.sessions.find(principal.session_id)
        assert found is not None
        assert found.refreshed_at == NOON + 2

    def test_a_spent_token_rotates_nothing(self, setting: Setting) -> None:
        principal, first = setting.opened()
        second = first.next()
        assert setting.sessions.rotate(first, second, at=NOON)
        assert not setting.sessions.rotate(first, first.next(), at=NOON)
        assert Recognised(principal, current=True) == setting.sessions.recognise(second)

    def test_rotating_again_succeeds_again(self, setting: Setting) -> None:
        """A repetition, because the answer was lost, is not taken for reuse."""
        _, first = setting.opened()
        second = first.next()
        assert setting.sessions.rotate(first, second, at=NOON)
        assert setting.sessions.rotate(first, second, at=NOON)

    def test_a_guess_is_not_recognised(self, setting: Setting) -> None:
        """Who knows no more than the session's id has no token of it, current or spent."""
        principal, token = setting.opened()
        guess = RefreshToken.first(principal.session_id)
        assert setting.sessions.recognise(guess) is None
        assert setting.sessions.recognise(RefreshToken(token.session_id, guess.family, token.turn)) is None
        assert not setting.sessions.rotate(guess, guess.next(), at=NOON)

    def test_an_ended_session_stays_ended(self, setting: Setting) -> None:
        principal, token = setting.opened()
        setting.sessions.end(principal.session_id, at=NOON)
        setting.sessions.end(principal.session_id, at=NOON + 1)
        assert not setting.sessions.is_live(principal.session_id)
        assert not setting.sessions.rotate(token, token.next(), at=NOON)
        assert Recognised(principal, current=True) == setting.sessions.recognise(token)
        assert list(setting.sessions.of_user(principal.user_id)) == []

    def test_ending_what_never_was_is_harmless(self, setting: Setting) -> None:
        unknown = SessionId(new_id())
        setting.sessions.end(unknown, at=NOON)
        assert not setting.sessions.is_live(unknown)

    def test_of_user_are_the_newest_first(self, setting: Setting) -> None:
        principal, _ = setting.opened()
        later = replace(principal, session_id=SessionId(new_id()))
        session = a_session(later, created_at=NOON + 5, refreshed_at=NOON + 5)
        setting.sessions.open(session, RefreshToken.first(later.session_id).digests())
        setting.opened()  # somebody else's
        assert [session, a_session(principal)] == list(setting.sessions.of_user(principal.user_id))

    def test_a_known_device_keeps_what_is_not_said_anew(self, setting: Setting) -> None:
        principal, _ = setting.opened()
        again = replace(principal, session_id=SessionId(new_id()))
        unsaid = Device(device_id=again.device_id, name=None, platform=None)
        setting.sessions.open(a_session(again, device=unsaid), RefreshToken.first(again.session_id).digests())
        found = setting.sessions.find(again.session_id)
        assert found is not None
        assert Device(device_id=again.device_id, name="Phone", platform="ios") == found.device

    def test_a_new_device_may_say_nothing(self, setting: Setting) -> None:
        principal = replace(setting.somebody(), device_id=DeviceId("my-laptop"))
        unsaid = Device(device_id=principal.device_id)
        setting.sessions.open(a_session(principal, device=unsaid), RefreshToken.first(principal.session_id).digests())
        found = setting.sessions.find(principal.session_id)
        assert found is not None
        assert Device(device_id=DeviceId("my-laptop"), name=None, platform="other") == found.device


@pytest.mark.engines
def test_of_many_at_once_one_rotates(postgres: Postgres, other_postgres: Postgres) -> None:
    """Who shows the same token at the same time, from different environments, does not get two successors."""
    user = a_user()
    PostgresUsers(postgres).add(user, "hash")
    principal = replace(a_principal(), user_id=user.user_id)
    token = RefreshToken.first(principal.session_id)
    PostgresSessions(postgres).open(a_session(principal), token.digests())

    def rotate(number: int) -> bool:
        return PostgresSessions((postgres, other_postgres)[number % 2]).rotate(token, token.next(), at=NOON)

    with ThreadPoolExecutor(8) as threads:
        assert [won for won in threads.map(rotate, range(8)) if won] == [True]
