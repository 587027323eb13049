"""What every `NotificationSettings` promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import partial

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.notifications import PostgresNotificationSettings
from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.accounts.time_zones import time_zone
from natter.domain.ids import UserId, new_id
from tests.contract.conversation_store import at_once
from tests.contract.erasure_stores import Stores, in_memory, in_postgres
from tests.identity import NOON

NIGHT = QuietHours(begins=time(22, 30), ends=time(0, 0), time_zone=time_zone("America/Argentina/ComodRivadavia"))
BY_DEFAULT = Notifications()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def stores(request: pytest.FixtureRequest) -> Stores:
    return in_memory() if request.param == "memory" else in_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def ann(stores: Stores) -> UserId:
    return stores.person()


def discreet(settings: Notifications) -> Notifications:
    return replace(settings, previews=False)


def undisturbed(settings: Notifications) -> Notifications:
    return replace(settings, mentions_pierce_mute=False)


def at_night(settings: Notifications) -> Notifications:
    return replace(settings, quiet=NIGHT)


class TestNotificationSettingsContract:
    def test_are_the_default_of_who_has_never_said_anything(self, stores: Stores, ann: UserId) -> None:
        nobody = UserId(new_id())
        assert stores.notifications.of([ann, nobody]) == {ann: BY_DEFAULT, nobody: BY_DEFAULT}
        assert stores.notifications.of([]) == {}

    def test_are_ones_own(self, stores: Stores, ann: UserId) -> None:
        bob, cid = stores.person(), stores.person()
        stores.notifications.change(ann, discreet)
        stores.notifications.change(bob, at_night)
        found = stores.notifications.of([ann, bob, cid])
        assert found == {ann: discreet(BY_DEFAULT), bob: at_night(BY_DEFAULT), cid: BY_DEFAULT}

    def test_are_changed_from_what_they_are(self, stores: Stores, ann: UserId) -> None:
        expected = BY_DEFAULT
        changes: list[Callable[[Notifications], Notifications]] = [
            *(discreet, at_night, undisturbed),
            lambda settings: replace(settings, quiet=None),
            lambda _: BY_DEFAULT,
        ]
        for change in changes:
            expected = change(expected)
            assert stores.notifications.change(ann, change) == expected
            assert stores.notifications.of([ann]) == {ann: expected}

    def test_of_nobody_are_not_kept(self, stores: Stores, ann: UserId) -> None:
        """A request of somebody who is being erased may be under way."""
        stores.erasures.request(ann, at=NOON)
        assert stores.erasures.finish(ann, at=NOON)
        for user in (ann, UserId(new_id())):
            assert stores.notifications.change(user, discreet) is None
            assert stores.notifications.of([user]) == {user: BY_DEFAULT}

    def test_what_a_change_raises_changes_nothing(self, stores: Stores, ann: UserId) -> None:
        stores.notifications.change(ann, discreet)
        with pytest.raises(ZeroDivisionError):
            stores.notifications.change(ann, lambda settings: replace(settings, previews=bool(1 / 0)))
        assert stores.notifications.of([ann]) == {ann: discreet(BY_DEFAULT)}


@pytest.mark.engines
class TestAtOnce:
    def test_of_two_changes_both_count(self, postgres: Postgres, other_postgres: Postgres) -> None:
        stores, elsewhere = in_postgres(postgres), PostgresNotificationSettings(other_postgres)
        for _ in range(10):
            ann = stores.person()
            at_once(partial(stores.notifications.change, ann, discreet), partial(elsewhere.change, ann, undisturbed))
            assert stores.notifications.of([ann]) == {ann: undisturbed(discreet(BY_DEFAULT))}
