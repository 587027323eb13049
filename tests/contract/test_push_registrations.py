"""What every `PushRegistrations` and `AbandonedEndpoints` promises, with the `Devices` that make and end them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Event

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.push_registrations import PostgresAbandonedEndpoints, PostgresPushRegistrations
from natter.adapters.postgres.sessions import PostgresSessions
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import Principal, PushTarget
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, SessionId, new_id
from natter.domain.push.registrations import Registration
from natter.ports.accounts import Devices, Sessions
from natter.ports.push import AbandonedEndpoints, PushRegistrations
from natter.settings import PostgresSettings
from tests.contract.conftest import ROLE
from tests.contract.test_devices import a_target, somebody
from tests.identity import NOON, a_principal, a_session
from tests.memory.devices import MemoryDevices
from tests.memory.push_registrations import KeptPushRegistrations, MemoryAbandonedEndpoints
from tests.memory.sessions import MemorySessions

EVER = 2**62
"""Later than whatever was abandoned."""


@dataclass
class Setting:
    devices: Devices
    sessions: Sessions
    registrations: PushRegistrations
    abandoned: AbandonedEndpoints
    somebody: Callable[[], Principal]

    def signed_in(self, principal: Principal | None = None) -> Principal:
        principal = principal or self.somebody()
        self.sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
        return principal

    def register(self, principal: Principal, target: PushTarget, *, at: int = NOON) -> Registration:
        endpoint = f"endpoint/{target.token}"
        assert self.devices.register_push(principal.user_id, principal.device_id, target, endpoint=endpoint, at=at)
        return Registration(
            user_id=principal.user_id,
            device_id=principal.device_id,
            target=target,
            endpoint=endpoint,
            registered_at=at,
        )

    def of(self, principal: Principal) -> Sequence[Registration]:
        return self.registrations.of([principal.user_id]).get(principal.user_id, [])

    def removed(self, *, abandoned_before: int = EVER) -> list[str]:
        """All that are to be removed, removed."""
        endpoints: list[str] = []
        while self.abandoned.remove_one(endpoints.append, abandoned_before=abandoned_before):
            pass
        return endpoints


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "memory":
        devices = MemoryDevices()
        return Setting(
            devices,
            MemorySessions(devices),
            KeptPushRegistrations(devices),
            MemoryAbandonedEndpoints(devices),
            a_principal,
        )
    made = on(request.getfixturevalue("postgres"))
    made.removed()  # what other tests have left
    return made


def on(postgres: Postgres) -> Setting:
    return Setting(
        PostgresDevices(postgres),
        PostgresSessions(postgres),
        PostgresPushRegistrations(postgres),
        PostgresAbandonedEndpoints(postgres),
        lambda: somebody(postgres),
    )


class TestPushRegistrationsContract:
    def test_are_found_for_several_users_at_once(self, setting: Setting) -> None:
        anns, bobs, cids = (setting.signed_in() for _ in range(3))
        tablet = setting.signed_in(replace(anns, device_id=DeviceId("0-tablet"), session_id=SessionId(new_id())))
        phones = setting.register(anns, a_target())
        tablets = setting.register(tablet, PushTarget(provider="apns", token=new_id()))
        others = setting.register(bobs, a_target())
        found = setting.registrations.of([anns.user_id, bobs.user_id, cids.user_id])
        assert {user: list(each) for user, each in found.items()} == {
            anns.user_id: [tablets, phones],
            bobs.user_id: [others],
        }
        assert setting.registrations.among([anns.user_id, bobs.user_id, cids.user_id]) == {anns.user_id, bobs.user_id}

    def test_of_nobody_there_are_none(self, setting: Setting) -> None:
        assert setting.registrations.of([]) == {}
        assert setting.registrations.among([]) == set()

    def test_without_an_endpoint_it_is_one_all_the_same(self, setting: Setting) -> None:
        mine = setting.signed_in()
        setting.devices.register_push(mine.user_id, mine.device_id, a_target(), endpoint=None, at=NOON)
        assert [each.endpoint for each in setting.of(mine)] == [None]

    def test_one_that_is_forgotten_is_gone(self, setting: Setting) -> None:
        mine, other = setting.signed_in(), setting.signed_in()
        registration, others = setting.register(mine, a_target()), setting.register(other, a_target())
        for _ in range(2):
            setting.registrations.forget([registration])
        assert (list(setting.of(mine)), list(setting.of(other))) == ([], [others])

    def test_several_are_forgotten_at_once_and_none_is_nothing(self, setting: Setting) -> None:
        mine, other, third = (setting.signed_in() for _ in range(3))
        dead = [setting.register(each, a_target()) for each in (mine, other)]
        left = setting.register(third, a_target())
        for registrations in ([], dead):
            setting.registrations.forget(registrations)
        assert [list(setting.of(each)) for each in (mine, other, third)] == [[], [], [left]]

    def test_what_was_registered_since_stays(self, setting: Setting) -> None:
        """Another token; or the same one again, which by that is good again."""
        mine = setting.signed_in()
        old = setting.register(mine, a_target())
        again = setting.register(mine, old.target, at=NOON + 1)
        setting.registrations.forget([old])
        assert list(setting.of(mine)) == [again]
        new = setting.register(mine, a_target(), at=NOON + 2)
        setting.registrations.forget([again])
        assert list(setting.of(mine)) == [new]

    def test_what_another_user_has_taken_stays_theirs(self, setting: Setting) -> None:
        anns, bobs = setting.signed_in(), setting.signed_in()
        old = setting.register(anns, a_target())
        taken = setting.register(bobs, old.target)
        setting.registrations.forget([old])
        assert list(setting.of(bobs)) == [taken]


class TestAbandonedEndpointsContract:
    def test_dropped_forgotten_replaced_or_without_a_session(self, setting: Setting) -> None:
        dropped, forgotten, replaced, ended = (setting.signed_in() for _ in range(4))
        left = [setting.register(each, a_target()) for each in (dropped, forgotten, replaced, ended)]
        assert setting.removed() == []
        setting.devices.drop_push(dropped.user_id, dropped.device_id)
        setting.registrations.forget([left[1]])
        setting.register(replaced, a_target())
        setting.sessions.end([ended.session_id], at=NOON)
        assert sorted(setting.removed()) == sorted(str(each.endpoint) for each in left)
        assert setting.removed() == []

    def test_without_an_endpoint_there_is_nothing_to_remove(self, setting: Setting) -> None:
        mine = setting.signed_in()
        setting.devices.register_push(mine.user_id, mine.device_id, a_target(), endpoint=None, at=NOON)
        setting.devices.drop_push(mine.user_id, mine.device_id)
        assert setting.removed() == []

    def test_who_takes_a_token_keeps_its_endpoint(self, setting: Setting) -> None:
        """At once, or after it was dropped."""
        anns, bobs = setting.signed_in(), setting.signed_in()
        target = setting.register(anns, a_target()).target
        setting.register(bobs, target)
        assert setting.removed() == []
        setting.devices.drop_push(bobs.user_id, bobs.device_id)
        setting.register(anns, target)
        assert setting.removed() == []

    def test_the_same_token_again_abandons_nothing(self, setting: Setting) -> None:
        mine = setting.signed_in()
        target = setting.register(mine, a_target()).target
        setting.register(mine, target, at=NOON + 1)
        assert setting.removed() == []

    def test_one_is_removed_only_when_its_time_is_over_which_a_claim_begins_anew(self, setting: Setting) -> None:
        early, late = a_target(), a_target()
        setting.abandoned.note(early, "early", at=NOON)
        setting.abandoned.note(late, "late", at=NOON + 5)
        assert setting.removed(abandoned_before=NOON) == []
        setting.abandoned.claim(early, at=NOON + 9)
        setting.abandoned.claim(late, at=NOON)
        assert setting.removed(abandoned_before=NOON + 9) == ["late"]
        assert setting.removed(abandoned_before=NOON + 10) == ["early"]

    def test_the_longest_abandoned_is_the_first(self, setting: Setting) -> None:
        for name, at in (("b", NOON + 1), ("a", NOON), ("c", NOON + 2)):
            setting.abandoned.note(a_target(), name, at=at)
        assert setting.removed() == ["a", "b", "c"]

    def test_one_that_somebody_has_registered_is_not_noted(self, setting: Setting) -> None:
        mine = setting.signed_in()
        registration = setting.register(mine, a_target())
        setting.abandoned.note(registration.target, str(registration.endpoint), at=NOON)
        assert setting.removed() == []

    def test_one_that_could_not_be_removed_is_given_again(self, setting: Setting) -> None:
        setting.abandoned.note(a_target(), "mine", at=NOON)

        def fail(_endpoint: str) -> None:
            raise Unavailable("the push platform")

        with pytest.raises(Unavailable):
            setting.abandoned.remove_one(fail, abandoned_before=EVER)
        assert setting.removed() == ["mine"]


@pytest.mark.engines
def test_who_claims_a_token_waits_for_a_removal_that_is_under_way(
    postgres_settings: PostgresSettings, postgres: Postgres, other_postgres: Postgres
) -> None:
    """So that the endpoint is made after it, and stays."""
    here, elsewhere = on(postgres), on(other_postgres)
    here.removed()
    target = a_target()
    here.abandoned.note(target, "mine", at=NOON)
    removing, removed = Event(), Event()
    order: list[str] = []

    def remove(_endpoint: str) -> None:
        removing.set()
        assert removed.wait(timeout=10)
        order.append("removed")

    def claim() -> None:
        elsewhere.abandoned.claim(target, at=NOON + 1)
        order.append("claimed")

    with closing(Postgres(postgres_settings, lambda: ROLE)) as watcher, ThreadPoolExecutor(2) as threads:
        removal = threads.submit(here.abandoned.remove_one, remove, abandoned_before=EVER)
        assert removing.wait(timeout=10)
        claiming = threads.submit(claim)
        while not watcher.query("SELECT 1 FROM pg_locks WHERE NOT granted") and not claiming.done():
            pass
        removed.set()
        assert removal.result(timeout=10)
        claiming.result(timeout=10)
    assert order == ["removed", "claimed"]
    assert here.removed() == []
