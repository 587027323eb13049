import pytest

from natter.domain.accounts.users import Principal, PushTarget
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId
from natter.usecases.privacy import remove_endpoints
from natter.usecases.privacy.remove_endpoints import LEFT_MS, RemoveEndpoints
from tests.identity import World, a_sign_in

TARGET = PushTarget(provider="fcm", token="t1")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def remove(world: World) -> RemoveEndpoints:
    return RemoveEndpoints(
        abandoned=world.engines.abandoned_endpoints, endpoints=world.push_endpoints, now_ms=world.clock
    )


def registered(world: World, device: str, target: PushTarget = TARGET) -> Principal:
    mine = world.sign_in(a_sign_in("ann", device_id=DeviceId(device))).principal
    world.keep_devices.register_push(mine.user_id, mine.device_id, target)
    return mine


def abandon(world: World, *tokens: str) -> None:
    for token in tokens:
        mine = registered(world, "phone", PushTarget(provider="fcm", token=token))
        world.keep_devices.drop_push(mine.user_id, mine.device_id)


class TestRemoveEndpoints:
    def test_one_is_left_for_a_while(self, world: World, remove: RemoveEndpoints) -> None:
        """For who signs in on the same device again."""
        abandon(world, "t1")
        assert remove() == 0
        world.clock.now += LEFT_MS + 1
        assert (remove(), remove()) == (1, 0)
        assert world.push_endpoints.made == {}

    def test_one_that_was_registered_again_stays(self, world: World, remove: RemoveEndpoints) -> None:
        abandon(world, "t1")
        registered(world, "tablet")
        world.clock.now += LEFT_MS + 1
        assert remove() == 0
        assert world.push_endpoints.made == {TARGET: "endpoint/t1"}

    def test_one_whose_session_ended_goes_as_well(self, world: World, remove: RemoveEndpoints) -> None:
        mine = registered(world, "phone")
        world.end_own_session(mine, mine.session_id)
        world.clock.now += LEFT_MS + 1
        assert remove() == 1

    def test_one_run_takes_so_many(
        self, world: World, remove: RemoveEndpoints, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remove_endpoints, "LIMIT", 2)
        abandon(world, "t1", "t2", "t3")
        world.clock.now += LEFT_MS + 1
        assert [remove(), remove()] == [2, 1]

    def test_what_the_platform_did_not_forget_is_tried_again(self, world: World, remove: RemoveEndpoints) -> None:
        abandon(world, "t1")
        world.clock.now += LEFT_MS + 1
        world.push_endpoints.fails = Unavailable("the push platform")
        with pytest.raises(Unavailable):
            remove()
        world.push_endpoints.fails = None
        assert remove() == 1
