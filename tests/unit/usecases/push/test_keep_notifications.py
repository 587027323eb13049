import json
from dataclasses import replace

import pytest

from natter.domain.accounts.notifications import Notifications
from natter.domain.accounts.users import Principal
from natter.domain.errors import Unauthenticated
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.usecases.push.keep_notifications import KeepNotifications
from natter.wire.json_frames import JsonFrames
from tests.identity import World, a_connection

DISCREET = Notifications(previews=False)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def keep(world: World) -> KeepNotifications:
    return KeepNotifications(settings=world.notification_settings, tell=world.engines.tell, frames=JsonFrames())


@pytest.fixture
def ann(world: World) -> UserId:
    return world.add("ann").user_id


def on(user: UserId, device: str = "phone") -> Principal:
    return Principal(user_id=user, device_id=DeviceId(f"{user}-{device}"), session_id=SessionId(device))


def discreet(settings: Notifications) -> Notifications:
    return replace(settings, previews=False)


class TestKeepNotifications:
    def test_stay_until_they_are_changed(self, keep: KeepNotifications, ann: UserId) -> None:
        assert keep.of(ann) == Notifications()
        assert keep.change(on(ann), discreet) == DISCREET
        assert keep.of(ann) == DISCREET

    def test_of_who_is_gone_are_not_kept(self, world: World, keep: KeepNotifications, ann: UserId) -> None:
        world.users.erase(ann)
        with pytest.raises(Unauthenticated):
            keep.change(on(ann), discreet)

    def test_ones_other_devices_are_told_and_nobody_else(
        self, world: World, keep: KeepNotifications, ann: UserId
    ) -> None:
        for principal, name in ((on(ann), "phone"), (on(ann, "laptop"), "laptop"), (on(world.add("bob").user_id), "b")):
            world.sockets.register(a_connection(principal, name))
        keep.change(on(ann), discreet)
        ((told, frame),) = world.sockets.frames
        assert told == "laptop"
        assert json.loads(frame) == {"type": "notifications", "previews": False, "mentions_pierce_mute": True}

    def test_what_is_not_told_is_changed_all_the_same(self, world: World, keep: KeepNotifications, ann: UserId) -> None:
        world.sockets.register(a_connection(on(ann, "laptop"), "laptop"))
        world.sockets.answers = False
        assert keep.change(on(ann), discreet) == keep.of(ann) == DISCREET
