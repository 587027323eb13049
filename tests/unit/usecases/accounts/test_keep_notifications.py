from dataclasses import replace

import pytest

from natter.domain.accounts.notifications import Notifications
from natter.domain.errors import Unauthenticated
from natter.domain.ids import UserId
from natter.usecases.accounts.keep_notifications import KeepNotifications
from tests.identity import World

DISCREET = Notifications(previews=False)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def keep(world: World) -> KeepNotifications:
    return KeepNotifications(settings=world.notification_settings)


@pytest.fixture
def ann(world: World) -> UserId:
    return world.add("ann").user_id


def discreet(settings: Notifications) -> Notifications:
    return replace(settings, previews=False)


class TestKeepNotifications:
    def test_stay_until_they_are_changed(self, keep: KeepNotifications, ann: UserId) -> None:
        assert keep.of(ann) == Notifications()
        assert keep.change(ann, discreet) == DISCREET
        assert keep.of(ann) == DISCREET

    def test_of_who_is_gone_are_not_kept(self, world: World, keep: KeepNotifications, ann: UserId) -> None:
        world.users.erase(ann)
        with pytest.raises(Unauthenticated):
            keep.change(ann, discreet)
