from dataclasses import dataclass, replace

import pytest

from natter.domain.accounts.credentials import Credentials
from natter.domain.accounts.users import Device
from natter.domain.errors import BadCredentials, RateLimited, Unavailable
from natter.domain.ids import DeviceId
from tests.identity import World, a_sign_in
from tests.memory.users import MemoryUsers


@dataclass
class SpyingPasswords:
    """Notes what was compared with what; nothing matches."""

    compared: list[tuple[str | None, str]]

    def hash(self, password: str) -> str:
        return password

    def verify(self, password_hash: str | None, password: str) -> bool:
        self.compared.append((password_hash, password))
        return False


class DownUsers(MemoryUsers):
    def credentials(self, username: str) -> Credentials | None:
        raise Unavailable(f"database, asked for {username}")


class TestSignIn:
    def test_begins_a_session(self) -> None:
        world = World()
        user = world.add("ann")
        request = a_sign_in("ann", device_id=DeviceId("phone-1"), device_name="Phone", platform="ios")
        signed_in = world.sign_in(request)
        assert signed_in.expires_in_s == 900
        assert signed_in.principal.user_id == user.user_id
        assert signed_in.principal == world.authenticate(f"Bearer {signed_in.access_token}")
        session = world.sessions.find(signed_in.principal.session_id)
        assert session is not None
        assert session.device == Device(device_id=DeviceId("phone-1"), name="Phone", platform="ios")

    def test_without_a_device_it_is_a_new_one(self) -> None:
        world = World()
        world.add("ann")
        devices = {world.sign_in(a_sign_in("ann")).principal.device_id for _ in range(2)}
        assert len(devices) == 2

    @pytest.mark.parametrize("name", ["ann", "nobody", "Not A Name!", "\0", ""])
    def test_a_wrong_password_and_an_unknown_name_are_the_same(self, name: str) -> None:
        world = World()
        world.add("ann")
        with pytest.raises(BadCredentials, match="user name or password is wrong"):
            world.sign_in(a_sign_in(name, password="wrong"))

    def test_an_unknown_name_costs_the_same_work(self) -> None:
        """One comparison each, before the answer."""
        world = World()
        world.add("ann")
        passwords = SpyingPasswords([])
        sign_in = replace(world.sign_in, check=replace(world.check, passwords=passwords))
        for name in ("ann", "nobody", "Not A Name!"):
            with pytest.raises(BadCredentials):
                sign_in(a_sign_in(name, password="wrong"))
        known, *unknown = passwords.compared
        assert known[0] is not None
        assert unknown == [(None, "wrong"), (None, "wrong")]

    def test_five_failures_a_minute_for_a_name(self) -> None:
        """Then not even the right password is looked at; in 12 s, one more try."""
        world = World(per_address=False)
        world.add("ann")
        for _ in range(5):
            with pytest.raises(BadCredentials):
                world.sign_in(a_sign_in("ann", password="wrong"))
        with pytest.raises(RateLimited) as refusal:
            world.sign_in(a_sign_in("ann"))
        assert refusal.value.retry_after_ms == 12_000
        world.clock.advance(seconds=12)
        assert world.sign_in(a_sign_in("ann"))

    def test_an_unknown_name_is_limited_just_the_same(self) -> None:
        world = World(per_address=False)
        for _ in range(5):
            with pytest.raises(BadCredentials):
                world.sign_in(a_sign_in("nobody"))
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("nobody"))

    def test_success_does_not_count(self) -> None:
        world = World()
        world.add("ann")
        for _ in range(60):
            world.sign_in(a_sign_in("ann"))

    def test_fifty_failures_a_minute_from_an_address(self) -> None:
        world = World()
        world.add("ann")
        for number in range(50):
            with pytest.raises(BadCredentials):
                world.sign_in(a_sign_in(f"nobody{number}"))
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("ann"))
        assert world.sign_in(a_sign_in("ann", address="192.0.2.2"))

    def test_an_outage_is_not_a_failure_of_the_user(self) -> None:
        """However often it is repeated meanwhile."""
        world = World()
        world.add("ann")
        down = replace(world.sign_in, check=replace(world.check, users=DownUsers()))
        for _ in range(10):
            with pytest.raises(Unavailable):
                down(a_sign_in("ann"))
        assert world.sign_in(a_sign_in("ann"))

    def test_repr_keeps_the_password(self) -> None:
        assert repr(a_sign_in("ann")) == "SignInRequest(ann)"


class TestWhoIsKept:
    """Out, by whoever knows the name and tries it five times a minute."""

    def attempts(self, world: World, number: int, *, device_id: DeviceId | None = None) -> None:
        for _ in range(number):
            with pytest.raises((BadCredentials, RateLimited)):
                world.sign_in(a_sign_in("ann", password="wrong", device_id=device_id))

    def test_nobody_on_a_device_that_they_have_signed_in_on(self) -> None:
        world = World()
        world.add("ann")
        phone = world.sign_in(a_sign_in("ann")).principal.device_id
        self.attempts(world, 9)
        assert world.sign_in(a_sign_in("ann", device_id=phone))
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("ann"))
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("ann", device_id=DeviceId("mallorys")))

    def test_there_as_many_are_tried_and_no_more(self) -> None:
        world = World()
        world.add("ann")
        phone, desk = (world.sign_in(a_sign_in("ann")).principal.device_id for _ in range(2))
        self.attempts(world, 5)
        self.attempts(world, 5, device_id=phone)
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("ann", device_id=phone))
        assert world.sign_in(a_sign_in("ann", device_id=desk))

    def test_a_device_of_somebody_else_is_of_no_use(self) -> None:
        world = World()
        for name in ("ann", "mallory"):
            world.add(name)
        mallorys = world.sign_in(a_sign_in("mallory")).principal.device_id
        self.attempts(world, 5)
        with pytest.raises(RateLimited):
            world.sign_in(a_sign_in("ann", device_id=mallorys))
        for _ in range(9):
            with pytest.raises((BadCredentials, RateLimited)):
                world.sign_in(a_sign_in("nobody", password="wrong", device_id=mallorys))
