import pytest

from natter.domain.accounts.users import Device, KnownDevice, Principal, PushTarget
from natter.domain.errors import BadRequest, NotFound, RateLimited, Unavailable
from natter.domain.ids import DeviceId
from natter.domain.limits import PUSH_REGISTRATIONS
from tests.identity import NOON, World, a_sign_in

TARGET = PushTarget(provider="fcm", token="t1")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    world.add("bob")
    return world


def on(world: World, name: str, device: str) -> Principal:
    request = a_sign_in(name, device_id=DeviceId(device), device_name="Phone", platform="ios")
    return world.sign_in(request).principal


def pushes(world: World, principal: Principal) -> dict[str, str | None]:
    page = world.keep_devices.page(principal.user_id, limit=50, cursor=None)
    return {known.device.device_id: known.push for known in page.items}


class TestKeepDevices:
    def test_lists_ones_own(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        on(world, "bob", "bobs")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        page = world.keep_devices.page(mine.user_id, limit=50, cursor=None)
        device = Device(device_id=DeviceId("phone"), name="Phone", platform="ios")
        assert list(page.items) == [KnownDevice(device=device, last_seen_at=NOON, push="fcm")]

    def test_pages_in_the_order_of_their_ids(self, world: World) -> None:
        for name in ("c", "a"):
            on(world, "ann", name)
        mine = on(world, "ann", "b")
        first = world.keep_devices.page(mine.user_id, limit=2, cursor=None)
        rest = world.keep_devices.page(mine.user_id, limit=2, cursor=first.next_cursor)
        assert [[known.device.device_id for known in page.items] for page in (first, rest)] == [["a", "b"], ["c"]]
        assert rest.next_cursor is None
        with pytest.raises(BadRequest, match=r"^cursor: "):
            world.keep_devices.page(mine.user_id, limit=2, cursor="x")

    def test_a_token_belongs_to_who_registered_it_last(self, world: World) -> None:
        anns, bobs = on(world, "ann", "phone"), on(world, "bob", "phone")
        for principal in (anns, bobs, bobs):
            world.keep_devices.register_push(principal.user_id, principal.device_id, TARGET)
        assert (pushes(world, anns), pushes(world, bobs)) == ({"phone": None}, {"phone": "fcm"})

    def test_however_it_is_written(self, world: World) -> None:
        """Two people on one phone, whose apps write its token differently: both were woken."""
        anns, bobs = on(world, "ann", "phone"), on(world, "bob", "phone")
        for principal, token in ((anns, "00fcab"), (bobs, "00FCAB")):
            target = PushTarget(provider="apns", token=token)
            world.keep_devices.register_push(principal.user_id, principal.device_id, target)
        assert (pushes(world, anns), pushes(world, bobs)) == ({"phone": None}, {"phone": "apns"})

    def test_only_on_ones_own_devices(self, world: World) -> None:
        anns, bobs = on(world, "ann", "anns"), on(world, "bob", "bobs")
        for device in (bobs.device_id, DeviceId("unknown")):
            with pytest.raises(NotFound, match="no such device"):
                world.keep_devices.register_push(anns.user_id, device, TARGET)
            with pytest.raises(NotFound, match="no such device"):
                world.keep_devices.drop_push(anns.user_id, device)

    def test_dropping_twice_is_once(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        for _ in range(2):
            world.keep_devices.drop_push(mine.user_id, mine.device_id)
        assert pushes(world, mine) == {"phone": None}

    def test_a_session_that_ends_takes_the_registration_with_it(self, world: World) -> None:
        phone, tablet = on(world, "ann", "phone"), on(world, "ann", "tablet")
        for principal, token in ((phone, "t1"), (tablet, "t2")):
            target = PushTarget(provider="apns", token=token)
            world.keep_devices.register_push(principal.user_id, principal.device_id, target)
        world.end_own_session(tablet, phone.session_id)
        assert pushes(world, tablet) == {"phone": None, "tablet": "apns"}
        with pytest.raises(NotFound):
            world.keep_devices.register_push(phone.user_id, phone.device_id, TARGET)


class TestEndpoints:
    def test_a_registration_has_the_platforms_endpoint(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        (kept,) = world.devices.registrations(mine.user_id)
        assert (kept.target, kept.endpoint, kept.registered_at) == (TARGET, "endpoint/t1", NOON)

    def test_without_credentials_it_has_none(self, world: World) -> None:
        """As a device is registered before the stage is configured."""
        world.push_endpoints.configured = False
        mine = on(world, "ann", "phone")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        (kept,) = world.devices.registrations(mine.user_id)
        assert kept.endpoint is None

    @pytest.mark.parametrize("error", [BadRequest("token: no"), Unavailable("the push platform")], ids=repr)
    def test_what_the_platform_refuses_changes_nothing(self, world: World, error: BadRequest | Unavailable) -> None:
        mine = on(world, "ann", "phone")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        world.push_endpoints.fails = error
        with pytest.raises(type(error)):
            world.keep_devices.register_push(mine.user_id, mine.device_id, PushTarget(provider="fcm", token="t2"))
        assert world.devices.target(mine.user_id, mine.device_id) == TARGET

    def test_one_that_was_made_in_vain_is_abandoned(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        with pytest.raises(NotFound):
            world.keep_devices.register_push(mine.user_id, DeviceId("unknown"), TARGET)
        assert world.devices.abandoned == {TARGET: ("endpoint/t1", NOON)}

    def test_one_that_another_device_has_is_not(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        with pytest.raises(NotFound):
            world.keep_devices.register_push(mine.user_id, DeviceId("unknown"), TARGET)
        assert world.devices.abandoned == {}

    def test_a_token_is_claimed_before_its_endpoint_is_made(self, world: World) -> None:
        """Else one that was just removed could be registered."""
        phone, tablet = on(world, "ann", "phone"), on(world, "ann", "tablet")
        world.keep_devices.register_push(phone.user_id, phone.device_id, TARGET)
        world.keep_devices.drop_push(phone.user_id, phone.device_id)
        world.clock.advance(seconds=9)
        world.push_endpoints.fails = Unavailable("the push platform")
        with pytest.raises(Unavailable):
            world.keep_devices.register_push(tablet.user_id, tablet.device_id, TARGET)
        assert world.devices.abandoned == {TARGET: ("endpoint/t1", NOON + 9000)}

    def test_too_often_no_platform_is_asked(self, world: World) -> None:
        mine = on(world, "ann", "phone")
        for number in range(PUSH_REGISTRATIONS.burst):
            world.keep_devices.register_push(
                mine.user_id, mine.device_id, PushTarget(provider="fcm", token=f"{number}")
            )
        made = len(world.push_endpoints.made)
        with pytest.raises(RateLimited):
            world.keep_devices.register_push(mine.user_id, mine.device_id, TARGET)
        assert len(world.push_endpoints.made) == made
        bobs = on(world, "bob", "phone")
        world.keep_devices.register_push(bobs.user_id, bobs.device_id, TARGET)
