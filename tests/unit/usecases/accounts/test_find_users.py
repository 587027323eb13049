import pytest

from natter.domain.accounts.users import User
from natter.domain.errors import NotFound
from tests.identity import NOON, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> User:
    return world.add("ann")


@pytest.fixture
def bob(world: World) -> User:
    return world.add("bob")


class TestFindUsers:
    def test_by_name(self, world: World, ann: User, bob: User) -> None:
        assert world.find_users.by_name(ann.user_id, "bob") == [bob]

    @pytest.mark.parametrize("name", ["nobody", "Ann", "", "\0", "ann "])
    def test_nobody_of_that_name(self, world: World, ann: User, name: str) -> None:
        assert world.find_users.by_name(ann.user_id, name) == []

    def test_by_id(self, world: World, ann: User, bob: User) -> None:
        assert world.find_users.by_id(ann.user_id, bob.user_id) == bob
        assert world.find_users.by_id(ann.user_id, ann.user_id) == ann

    @pytest.mark.parametrize("user_id", ["unknown", "", "\0", "x" * 65, "a/b"])
    def test_nobody_with_that_id(self, world: World, ann: User, user_id: str) -> None:
        with pytest.raises(NotFound, match="no such user"):
            world.find_users.by_id(ann.user_id, user_id)

    def test_across_a_block_there_is_nobody_either_way(self, world: World, ann: User, bob: User) -> None:
        """Neither who blocked nor who was blocked finds the other, and what they are told is what nobody is."""
        world.blocks.add(ann.user_id, bob.user_id, at=NOON)
        for asking, other in ((ann, bob), (bob, ann)):
            assert world.find_users.by_name(asking.user_id, other.username) == []
            with pytest.raises(NotFound) as blocked:
                world.find_users.by_id(asking.user_id, other.user_id)
            with pytest.raises(NotFound) as unknown:
                world.find_users.by_id(asking.user_id, "unknown")
            assert str(blocked.value) == str(unknown.value)
