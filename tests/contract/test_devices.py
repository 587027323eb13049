"""What every `Devices` promises, with the `Sessions` that begin and end on them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import MAX_REGISTRATIONS, SESSION_IDLE_MS, Device, KnownDevice, Principal, PushTarget
from natter.domain.ids import DeviceId, SessionId, UserId, new_id
from natter.ports.accounts import Devices, Sessions
from tests.identity import NOON, a_principal, a_session, a_user
from tests.memory.devices import MemoryDevices
from tests.memory.sessions import MemorySessions


def a_target(token: str | None = None) -> PushTarget:
    return PushTarget(provider="fcm", token=token or new_id())


@dataclass
class Setting:
    devices: Devices
    sessions: Sessions
    somebody: Callable[[], Principal]
    """A user who exists, with a session that was not opened."""

    def signed_in(self, principal: Principal | None = None) -> Principal:
        principal = principal or self.somebody()
        self.sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
        return principal

    def register(self, principal: Principal, target: PushTarget) -> bool:
        return self.devices.register_push(principal.user_id, principal.device_id, target, endpoint=None, at=NOON)

    def pushes(self, principal: Principal) -> list[str | None]:
        return [known.push for known in self.devices.of(principal.user_id, after=None, limit=50)]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "memory":
        devices = MemoryDevices()
        return Setting(devices, MemorySessions(devices), a_principal)
    postgres: Postgres = request.getfixturevalue("postgres")
    return Setting(PostgresDevices(postgres), PostgresSessions(postgres), lambda: somebody(postgres))


def somebody(postgres: Postgres) -> Principal:
    user = a_user()
    PostgresUsers(postgres).add(user, "hash")
    return replace(a_principal(), user_id=user.user_id)


class TestDevicesContract:
    def test_is_known_from_the_first_session_on(self, setting: Setting) -> None:
        mine = setting.signed_in()
        device = Device(device_id=mine.device_id, name="Phone", platform="ios")
        known = KnownDevice(device=device, last_seen_at=NOON, push=None)
        assert list(setting.devices.of(mine.user_id, after=None, limit=50)) == [known]
        assert setting.devices.has(mine.user_id, mine.device_id)

    def test_is_its_users_alone(self, setting: Setting) -> None:
        mine, other = setting.signed_in(), setting.signed_in()
        assert not setting.devices.has(other.user_id, mine.device_id)
        assert not setting.devices.has(mine.user_id, DeviceId(new_id()))
        assert not setting.devices.has(UserId("."), mine.device_id)

    def test_is_seen_when_its_session_is_refreshed(self, setting: Setting) -> None:
        mine = setting.somebody()
        token = RefreshToken.first(mine.session_id)
        setting.sessions.open(a_session(mine), token.digests())
        following = token.next()
        assert setting.sessions.rotate(token, following, at=NOON + 5)
        assert not setting.sessions.rotate(token.next(), token.next(), at=NOON + 9)
        (known,) = setting.devices.of(mine.user_id, after=None, limit=50)
        assert known.last_seen_at == NOON + 5

    def test_are_read_in_the_order_of_their_ids(self, setting: Setting) -> None:
        mine = setting.somebody()
        for name in ("c", "a", "B", "b"):
            setting.signed_in(replace(mine, device_id=DeviceId(name), session_id=SessionId(new_id())))
        first = setting.devices.of(mine.user_id, after=None, limit=2)
        rest = setting.devices.of(mine.user_id, after=DeviceId("a"), limit=50)
        assert [[known.device.device_id for known in page] for page in (first, rest)] == [["B", "a"], ["b", "c"]]

    def test_is_woken_where_it_was_registered_last(self, setting: Setting) -> None:
        mine = setting.signed_in()
        for provider in ("fcm", "apns_sandbox", "apns_sandbox"):
            assert setting.register(mine, PushTarget(provider=provider, token=new_id()))
        assert setting.pushes(mine) == ["apns_sandbox"]

    def test_a_token_belongs_to_who_registered_it_last(self, setting: Setting) -> None:
        """As when somebody else signs in on the same phone."""
        anns, bobs = setting.signed_in(), setting.signed_in()
        target = a_target()
        for principal in (anns, bobs, bobs):
            assert setting.register(principal, target)
        assert (setting.pushes(anns), setting.pushes(bobs)) == ([None], ["fcm"])

    def test_the_same_token_of_another_provider_is_another(self, setting: Setting) -> None:
        anns, bobs = setting.signed_in(), setting.signed_in()
        token = new_id()
        setting.register(anns, PushTarget(provider="apns", token=token))
        setting.register(bobs, PushTarget(provider="apns_sandbox", token=token))
        assert (setting.pushes(anns), setting.pushes(bobs)) == (["apns"], ["apns_sandbox"])

    def test_of_too_many_the_one_that_registered_longest_ago_is_woken_no_more(self, setting: Setting) -> None:
        mine, other = setting.somebody(), setting.signed_in()
        setting.register(other, a_target())
        devices = [
            setting.signed_in(replace(mine, device_id=DeviceId(f"d{number:02}"), session_id=SessionId(new_id())))
            for number in range(MAX_REGISTRATIONS + 1)
        ]
        for number in (1, 0, *range(2, MAX_REGISTRATIONS + 1)):
            assert setting.devices.register_push(
                mine.user_id, devices[number].device_id, a_target(), endpoint=None, at=NOON + (0 if number == 1 else 5)
            )
        assert setting.pushes(mine) == ["fcm", None, *["fcm"] * (MAX_REGISTRATIONS - 1)]
        assert setting.pushes(other) == ["fcm"]

    def test_others_are_unknown(self, setting: Setting) -> None:
        anns, bobs = setting.signed_in(), setting.signed_in()
        for user, device in ((anns.user_id, bobs.device_id), (UserId(new_id()), bobs.device_id)):
            assert not setting.devices.register_push(user, device, a_target(), endpoint=None, at=NOON)
            assert not setting.devices.drop_push(user, device)
        assert setting.pushes(bobs) == [None]

    def test_is_woken_no_more_when_it_was_dropped(self, setting: Setting) -> None:
        mine = setting.signed_in()
        setting.register(mine, a_target())
        for _ in range(2):
            assert setting.devices.drop_push(mine.user_id, mine.device_id)
        assert setting.pushes(mine) == [None]

    def test_is_woken_no_more_when_its_session_ended(self, setting: Setting) -> None:
        mine, other = setting.signed_in(), setting.signed_in()
        setting.register(mine, a_target())
        setting.register(other, a_target())
        setting.sessions.end([mine.session_id], at=NOON)
        assert (setting.pushes(mine), setting.pushes(other)) == ([None], ["fcm"])
        assert not setting.register(mine, a_target())

    def test_is_woken_until_its_last_session_ends(self, setting: Setting) -> None:
        mine = setting.signed_in()
        again = setting.signed_in(replace(mine, session_id=SessionId(new_id())))
        setting.register(mine, a_target())
        setting.sessions.end([mine.session_id], at=NOON)
        assert setting.pushes(mine) == ["fcm"]
        setting.sessions.end([again.session_id], at=NOON)
        assert setting.pushes(mine) == [None]

    def test_is_woken_no_more_when_nobody_used_it_for_too_long(self, setting: Setting) -> None:
        mine = setting.signed_in()
        setting.register(mine, a_target())
        late = NOON + SESSION_IDLE_MS
        while setting.sessions.prune(ended_before=NOON, limit=1000, at=late):
            pass
        assert setting.pushes(mine) == [None]
        assert not setting.devices.register_push(mine.user_id, mine.device_id, a_target(), endpoint=None, at=late)

    def test_is_forgotten_with_the_last_of_its_sessions(self, setting: Setting) -> None:
        mine = setting.signed_in()
        again = setting.signed_in(replace(mine, session_id=SessionId(new_id())))
        for ended, left in ((mine, 1), (again, 0)):
            setting.sessions.end([ended.session_id], at=NOON)
            while setting.sessions.prune(ended_before=NOON + 1, limit=1000, at=NOON):
                pass
            assert len(setting.pushes(mine)) == left

    def test_a_session_that_ended_long_ago_takes_nothing_with_it(self, setting: Setting) -> None:
        old = setting.signed_in()
        setting.sessions.end([old.session_id], at=NOON)
        mine = setting.signed_in(replace(old, session_id=SessionId(new_id())))
        assert setting.register(mine, a_target())
        setting.sessions.end([old.session_id], at=NOON + 1)
        assert setting.pushes(mine) == ["fcm"]


@pytest.mark.engines
class TestAtOnce:
    def test_of_many_who_register_a_token_one_has_it(self, postgres: Postgres, other_postgres: Postgres) -> None:
        setting = Setting(PostgresDevices(postgres), PostgresSessions(postgres), lambda: somebody(postgres))
        principals = [setting.signed_in() for _ in range(8)]
        target = a_target()

        def register(number: int) -> bool:
            devices = PostgresDevices((postgres, other_postgres)[number % 2])
            principal = principals[number]
            return devices.register_push(principal.user_id, principal.device_id, target, endpoint=None, at=NOON)

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(register, range(8)))
        assert sorted(str(setting.pushes(each)) for each in principals) == ["['fcm']"] + ["[None]"] * 7

    def test_of_a_registration_and_the_end_of_its_session_nothing_is_left(
        self, postgres: Postgres, other_postgres: Postgres
    ) -> None:
        """Whichever comes second sees the other."""
        setting = Setting(PostgresDevices(postgres), PostgresSessions(postgres), lambda: somebody(postgres))
        for _ in range(10):
            mine = setting.signed_in()
            elsewhere = PostgresSessions(other_postgres)
            with ThreadPoolExecutor(2) as threads:
                registering = threads.submit(setting.register, mine, a_target())
                ending = threads.submit(elsewhere.end, [mine.session_id], at=NOON)
                registering.result(timeout=10)
                ending.result(timeout=10)
            assert setting.pushes(mine) == [None]
