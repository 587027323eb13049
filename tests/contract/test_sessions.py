"""What every `Sessions` promises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import batched

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import GRACE_MS, RefreshToken
from natter.domain.accounts.users import SESSION_IDLE_MS, Device, Principal, PushTarget, Session
from natter.domain.ids import DeviceId, SessionId, new_id
from natter.ports.accounts import Sessions
from natter.usecases.accounts.end_session import TOGETHER
from tests.identity import NOON, a_principal, a_session, a_user
from tests.memory.devices import MemoryDevices
from tests.memory.sessions import MemorySessions


@dataclass
class Setting:
    sessions: Sessions
    somebody: Callable[[], Principal]
    """A user who exists, with a session that was not opened."""

    def another(self, principal: Principal, *, refreshed_at: int = NOON) -> Session:
        """Of the same user on the same device."""
        another = replace(principal, session_id=SessionId(new_id()))
        session = a_session(another, refreshed_at=refreshed_at)
        self.sessions.open(session, RefreshToken.first(another.session_id).digests())
        return session

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
        assert setting.sessions.is_live(principal.session_id, at=NOON)
        assert a_session(principal) == setting.sessions.find(principal.session_id)
        assert Recognised(principal, accepted=True) == setting.sessions.recognise(token, at=NOON)

    def test_opening_again_is_harmless(self, setting: Setting) -> None:
        principal, token = setting.opened()
        setting.sessions.open(a_session(principal), token.digests())
        assert [a_session(principal)] == list(
            setting.sessions.of_user(principal.user_id, after=None, limit=50, at=NOON)
        )

    def test_never_opened_is_not_live(self, setting: Setting) -> None:
        unknown = SessionId(new_id())
        assert not setting.sessions.is_live(unknown, at=NOON)
        assert setting.sessions.find(unknown) is None
        assert setting.sessions.recognise(RefreshToken.first(unknown), at=NOON) is None

    def test_rotating_spends_the_token(self, setting: Setting) -> None:
        """The new one is current, the old one is recognised as spent, however many turns ago it was."""
        principal, first = setting.opened()
        second = first.next()
        third = second.next()
        assert setting.sessions.rotate(first, second, at=NOON + 1)
        assert setting.sessions.rotate(second, third, at=NOON + 2)
        assert Recognised(principal, accepted=True) == setting.sessions.recognise(third, at=NOON)
        assert Recognised(principal, accepted=False) == setting.sessions.recognise(first, at=NOON)
        assert Recognised(principal, accepted=False) == setting.sessions.recognise(second, at=NOON + GRACE_MS + 3)
        found = setting.sessions.find(principal.session_id)
        assert found is not None
        assert found.refreshed_at == NOON + 2

    def test_the_one_that_died_last_rotates_once_more_for_a_moment(self, setting: Setting) -> None:
        """Both that were given for it are good, until one of them is used."""
        principal, first = setting.opened()
        one, other = first.next(), first.next()
        assert setting.sessions.rotate(first, one, at=NOON)
        assert setting.sessions.rotate(first, other, at=NOON + GRACE_MS)
        assert not setting.sessions.rotate(first, first.next(), at=NOON + GRACE_MS)
        for token in (one, other):
            assert Recognised(principal, accepted=True) == setting.sessions.recognise(token, at=NOON + GRACE_MS)
        assert setting.sessions.rotate(other, other.next(), at=NOON + GRACE_MS + 1)
        assert not setting.sessions.rotate(one, one.next(), at=NOON + GRACE_MS + 1)

    def test_a_spent_token_rotates_nothing(self, setting: Setting) -> None:
        principal, first = setting.opened()
        second = first.next()
        assert setting.sessions.rotate(first, second, at=NOON)
        assert not setting.sessions.rotate(first, first.next(), at=NOON + GRACE_MS + 1)
        assert Recognised(principal, accepted=True) == setting.sessions.recognise(second, at=NOON)

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
        assert setting.sessions.recognise(guess, at=NOON) is None
        assert setting.sessions.recognise(RefreshToken(token.session_id, guess.family, token.turn), at=NOON) is None
        assert not setting.sessions.rotate(guess, guess.next(), at=NOON)

    def test_an_ended_session_stays_ended(self, setting: Setting) -> None:
        principal, token = setting.opened()
        setting.sessions.end([principal.session_id], at=NOON)
        setting.sessions.end([principal.session_id], at=NOON + 1)
        assert not setting.sessions.is_live(principal.session_id, at=NOON)
        assert not setting.sessions.rotate(token, token.next(), at=NOON)
        assert Recognised(principal, accepted=True) == setting.sessions.recognise(token, at=NOON)
        assert list(setting.sessions.of_user(principal.user_id, after=None, limit=50, at=NOON)) == []

    def test_ending_what_never_was_is_harmless(self, setting: Setting) -> None:
        unknown = SessionId(new_id())
        setting.sessions.end([unknown], at=NOON)
        assert not setting.sessions.is_live(unknown, at=NOON)

    def test_of_user_those_used_last_come_first_page_by_page(self, setting: Setting) -> None:
        principal, token = setting.opened()
        setting.opened()  # somebody else's
        sessions = [setting.another(principal, refreshed_at=NOON + each) for each in (5, 1, 1, 3)]
        assert setting.sessions.rotate(token, token.next(), at=NOON + 4)
        sessions.append(a_session(principal, refreshed_at=NOON + 4))
        expected = sorted(sessions, key=lambda each: each.place, reverse=True)
        listed: list[Session] = []
        while page := setting.sessions.of_user(
            principal.user_id, after=listed[-1].place if listed else None, limit=2, at=NOON
        ):
            assert len(page) <= 2
            listed += page
        assert listed == expected

    def test_ids_are_those_beyond_so_many_that_were_used_last(self, setting: Setting) -> None:
        principal, _ = setting.opened()
        others = [setting.another(principal, refreshed_at=NOON + each).principal.session_id for each in (1, 2, 3)]
        ids_of_user = setting.sessions.ids_of_user
        assert list(ids_of_user(principal.user_id, but=principal.session_id, beyond=1, at=NOON)) == others[1::-1]
        assert list(ids_of_user(principal.user_id, but=None, beyond=3, at=NOON)) == [principal.session_id]
        assert len(ids_of_user(principal.user_id, but=None, beyond=0, at=NOON)) == 4

    def test_one_that_was_not_used_for_too_long_has_ended(self, setting: Setting) -> None:
        """By the time that is asked for alone: nobody has ended it."""
        principal, token = setting.opened()
        last = NOON + SESSION_IDLE_MS - 1
        assert setting.sessions.is_live(principal.session_id, at=last)
        assert setting.sessions.rotate(token, following := token.next(), at=last)
        assert setting.sessions.is_live(principal.session_id, at=last + SESSION_IDLE_MS - 1)
        late = last + SESSION_IDLE_MS
        assert not setting.sessions.is_live(principal.session_id, at=late)
        assert setting.sessions.live_among([principal.session_id], at=late) == frozenset()
        assert not setting.sessions.rotate(following, following.next(), at=late)
        assert list(setting.sessions.of_user(principal.user_id, after=None, limit=50, at=late)) == []
        assert list(setting.sessions.ids_of_user(principal.user_id, but=None, beyond=0, at=late)) == []

    def test_many_are_ended_together(self, setting: Setting) -> None:
        principal, _ = setting.opened()
        other, _ = setting.opened()
        ids = [principal.session_id] + [setting.another(principal).principal.session_id for _ in range(20)]
        setting.sessions.end([*ids, SessionId(new_id())], at=NOON)
        assert setting.sessions.live_among([*ids, other.session_id], at=NOON) == {other.session_id}
        setting.sessions.end([], at=NOON)

    def test_what_ended_long_ago_is_forgotten_some_at_a_time(self, setting: Setting) -> None:
        """And what nobody uses is ended before; others stay as they are."""
        principal, _ = setting.opened()
        ended = [setting.another(principal).principal.session_id for _ in range(3)]
        recent = setting.another(principal, refreshed_at=NOON + SESSION_IDLE_MS).principal.session_id
        kept = setting.another(principal, refreshed_at=NOON + SESSION_IDLE_MS).principal.session_id
        setting.sessions.end(ended, at=NOON)
        setting.sessions.end([recent], at=NOON + SESSION_IDLE_MS)

        def prune() -> int:
            return setting.sessions.prune(ended_before=NOON + 1, limit=2, at=NOON + SESSION_IDLE_MS)

        while prune():
            pass
        found = [setting.sessions.find(each) is not None for each in (*ended, principal.session_id, recent, kept)]
        assert found == [False] * 3 + [True] * 3
        assert setting.sessions.live_among([principal.session_id, recent, kept], at=NOON + SESSION_IDLE_MS) == {kept}
        assert setting.sessions.live_among([principal.session_id], at=NOON) == frozenset()  # it was ended, for ever

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
def test_of_many_at_once_two_rotate(postgres: Postgres, other_postgres: Postgres) -> None:
    """
    Who shows the same token at the same time, from different environments, gets a successor once, and once more within
    the grace: of two tabs both go on, and a third is one too many.
    """
    user = a_user()
    PostgresUsers(postgres).add(user, "hash")
    principal = replace(a_principal(), user_id=user.user_id)
    token = RefreshToken.first(principal.session_id)
    PostgresSessions(postgres).open(a_session(principal), token.digests())

    def rotate(number: int) -> bool:
        return PostgresSessions((postgres, other_postgres)[number % 2]).rotate(token, token.next(), at=NOON)

    with ThreadPoolExecutor(8) as threads:
        assert [won for won in threads.map(rotate, range(8)) if won] == [True, True]


@pytest.mark.engines
def test_of_two_sessions_that_end_at_once_the_last_takes_the_push_with_it(
    postgres: Postgres, other_postgres: Postgres
) -> None:
    """Each of them is, to the other, one that lives until it has waited for it."""
    here, elsewhere = PostgresSessions(postgres), PostgresSessions(other_postgres)
    devices = PostgresDevices(postgres)
    for _ in range(10):
        user = a_user()
        PostgresUsers(postgres).add(user, "hash")
        one = replace(a_principal(), user_id=user.user_id)
        other = replace(one, session_id=SessionId(new_id()))
        for principal in (one, other):
            here.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
        target = PushTarget(provider="fcm", token=new_id())
        assert devices.register_push(user.user_id, one.device_id, target, endpoint=None, at=NOON)
        with ThreadPoolExecutor(2) as threads:
            ends = [
                threads.submit(sessions.end, [principal.session_id], at=NOON)
                for sessions, principal in ((here, one), (elsewhere, other))
            ]
            for end in ends:
                end.result(timeout=10)
        assert [known.push for known in devices.of(user.user_id, after=None, limit=10)] == [None]


@pytest.mark.engines
def test_thousands_of_a_user_are_ended_in_bounded_time(postgres: Postgres) -> None:
    """One statement each, whatever their number: here well within what a statement may take."""
    user = a_user()
    PostgresUsers(postgres).add(user, "hash")
    principal = replace(a_principal(), user_id=user.user_id)
    sessions = PostgresSessions(postgres)
    sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
    fill = """
        INSERT INTO sessions (session_id, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at)
        SELECT gen_random_uuid()::text, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at
        FROM sessions, generate_series(1, 5000) WHERE user_id = %s
    """
    postgres.query(fill, (user.user_id,))
    others = sessions.ids_of_user(user.user_id, but=principal.session_id, beyond=0, at=NOON)
    assert len(others) == 5000
    for some in batched(others, TOGETHER, strict=False):
        sessions.end(some, at=NOON)
    assert list(sessions.ids_of_user(user.user_id, but=None, beyond=0, at=NOON)) == [principal.session_id]
    assert sessions.prune(ended_before=NOON + 1, limit=2000, at=NOON) == 2000
