import pytest

from natter.domain.errors import NotFound
from tests.identity import World


class TestFindUsers:
    def test_by_name(self) -> None:
        world = World()
        ann = world.add("ann")
        assert world.service.find_users.by_name("ann") == [ann]

    @pytest.mark.parametrize("name", ["nobody", "Ann", "", "\0", "ann "])
    def test_nobody_of_that_name(self, name: str) -> None:
        world = World()
        world.add("ann")
        assert world.service.find_users.by_name(name) == []

    def test_by_id(self) -> None:
        world = World()
        ann = world.add("ann")
        assert world.service.find_users.by_id(ann.user_id) == ann

    @pytest.mark.parametrize("user_id", ["unknown", "", "\0", "x" * 65, "a/b"])
    def test_nobody_with_that_id(self, user_id: str) -> None:
        with pytest.raises(NotFound, match="no such user"):
            World().service.find_users.by_id(user_id)
