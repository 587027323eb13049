import pytest

from natter.domain.errors import BadCredentials, RateLimited
from natter.domain.limits import (
    FAILED_SIGN_INS_PER_ADDRESS,
    FAILED_SIGN_INS_PER_NAME,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_USER,
)
from tests.identity import PASSWORD, World


class TestCheckPassword:
    def test_any_of_several_opens(self) -> None:
        world = World()
        ann = world.add("ann")
        assert world.check("ann", "wrong", PASSWORD, address="192.0.2.1").user_id == ann.user_id

    def test_several_wrong_ones_are_one_attempt(self) -> None:
        world = World()
        world.add("ann")
        for _ in range(5):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", "wrong, too", address="192.0.2.1")
        with pytest.raises(RateLimited):
            world.check("ann", PASSWORD, address="192.0.2.1")

    def test_an_address_that_is_refused_takes_nothing_of_a_name(self) -> None:
        """Or one host would lock out everybody whose name it knows."""
        world = World()
        world.add("ann")
        for number in range(FAILED_SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(BadCredentials):
                world.check(f"nobody{number}", "wrong", address="192.0.2.1")
        for _ in range(2 * FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(RateLimited):
                world.check("ann", "wrong", address="192.0.2.1")
        assert world.check("ann", PASSWORD, address="192.0.2.2")

    def test_a_name_that_is_refused_takes_nothing_of_an_address(self) -> None:
        """Others may be behind it."""
        world = World()
        for name in ("ann", "bob"):
            world.add(name)
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", address="192.0.2.1")
        for _ in range(FAILED_SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(RateLimited):
                world.check("ann", "wrong", address="192.0.2.1")
        assert world.check("bob", PASSWORD, address="192.0.2.1")


class TestRightOnes:
    """Each is work, too."""

    def test_of_one_user_are_so_many_from_anywhere(self) -> None:
        world = World()
        world.add("ann")
        world.add("bob")
        for number in range(SIGN_INS_PER_USER.burst):
            world.check("ann", PASSWORD, address=f"192.0.2.{number % 200}")
        with pytest.raises(RateLimited):
            world.check("ann", PASSWORD, address="192.0.2.250")
        assert world.check("bob", PASSWORD, address="192.0.2.1")
        world.clock.advance(seconds=1 / SIGN_INS_PER_USER.rate)
        assert world.check("ann", PASSWORD, address="192.0.2.250")

    def test_from_one_address_are_so_many_of_anybody(self) -> None:
        world = World()
        people = [world.add(f"ann{number}").username for number in range(10)]
        for number in range(SIGN_INS_PER_ADDRESS.burst):
            world.check(people[number % len(people)], PASSWORD, address="192.0.2.1")
        with pytest.raises(RateLimited):
            world.check(people[0], PASSWORD, address="192.0.2.1")
        assert world.check(people[0], PASSWORD, address="192.0.2.2")

    def test_nobody_uses_them_up_who_does_not_know_the_password(self) -> None:
        world = World()
        world.add("ann")
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst - 1):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", address="192.0.2.1")
        for _ in range(SIGN_INS_PER_USER.burst):
            assert world.check("ann", PASSWORD, address="192.0.2.2")

    def test_one_that_is_refused_takes_nothing_of_an_address(self) -> None:
        world = World()
        for name in ("ann", "bob"):
            world.add(name)
        for _ in range(SIGN_INS_PER_USER.burst):
            world.check("ann", PASSWORD, address="192.0.2.1")
        for _ in range(SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(RateLimited):
                world.check("ann", PASSWORD, address="192.0.2.1")
        assert world.check("bob", PASSWORD, address="192.0.2.1")
