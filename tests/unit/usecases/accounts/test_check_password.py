import pytest

from natter.domain.errors import BadCredentials, RateLimited
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
