import pytest

from natter.domain.errors import RateLimited, UsernameTaken
from tests.identity import NOON, World, a_new_user


class TestSignUp:
    def test_who_signed_up_is_found(self) -> None:
        world = World()
        user = world.sign_up(a_new_user("ann", display_name="Ann B."))
        assert user == world.users.by_name("ann")
        assert (user.display_name, user.created_at, user.avatar) == ("Ann B.", NOON, None)

    def test_without_display_name_the_user_name_is_shown(self) -> None:
        assert World().sign_up(a_new_user("ann")).display_name == "ann"

    def test_a_taken_name(self) -> None:
        world = World()
        world.add("ann")
        with pytest.raises(UsernameTaken):
            world.add("ann")

    def test_twenty_a_minute_from_one_address(self) -> None:
        world = World()
        for number in range(20):
            world.add(f"user{number}")
        with pytest.raises(RateLimited):
            world.add("another")
        world.sign_up(a_new_user("elsewhere", address="192.0.2.2"))
        world.clock.advance(seconds=3)
        world.add("another")

    def test_addresses_need_not_be_limited(self) -> None:
        world = World(per_address=False)
        for number in range(30):
            world.add(f"user{number}")

    def test_repr_keeps_the_password(self) -> None:
        assert repr(a_new_user("ann")) == "NewUser(ann)"
