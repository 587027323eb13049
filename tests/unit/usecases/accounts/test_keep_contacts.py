import pytest

from natter.domain.errors import BadRequest, NotFound
from natter.domain.ids import UserId
from tests.identity import NOON, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> UserId:
    return world.add("ann").user_id


@pytest.fixture
def bob(world: World) -> UserId:
    return world.add("bob").user_id


def names(world: World, user: UserId) -> list[str]:
    return [each.username for each in world.keep_contacts.page(user, limit=50, cursor=None).items]


class TestKeepContacts:
    def test_keeps_them_until_they_are_removed(self, world: World, ann: UserId, bob: UserId) -> None:
        for _ in range(2):
            world.keep_contacts.add(ann, bob)
        assert (names(world, ann), names(world, bob)) == (["bob"], [])
        for _ in range(2):
            world.keep_contacts.remove(ann, bob)
        assert names(world, ann) == []

    def test_not_of_oneself(self, world: World, ann: UserId) -> None:
        with pytest.raises(BadRequest, match=r"^user_id: "):
            world.keep_contacts.add(ann, ann)

    def test_nobody_and_who_is_across_a_block_are_the_same(self, world: World, ann: UserId, bob: UserId) -> None:
        world.blocks.add(bob, ann, at=NOON)
        for nobody in (bob, UserId("unknown")):
            with pytest.raises(NotFound, match="no such user"):
                world.keep_contacts.add(ann, nobody)

    def test_one_across_a_block_is_not_shown_while_it_lasts(self, world: World, ann: UserId, bob: UserId) -> None:
        world.keep_contacts.add(ann, bob)
        world.blocks.add(bob, ann, at=NOON)
        assert names(world, ann) == []
        world.blocks.remove(bob, ann, at=NOON)
        assert names(world, ann) == ["bob"]

    def test_pages_show_everybody_once_while_others_are_added(self, world: World, ann: UserId) -> None:
        """Those who come before the place that was reached are not shown, nobody is shown twice."""
        people = [world.add(f"friend{number}").user_id for number in range(7)]
        for person in people[::2]:
            world.keep_contacts.add(ann, person)
        first = world.keep_contacts.page(ann, limit=2, cursor=None)
        for person in people[1::2]:
            world.keep_contacts.add(ann, person)
        rest, cursor = [], first.next_cursor
        while cursor is not None:
            page = world.keep_contacts.page(ann, limit=2, cursor=cursor)
            rest += [each.user_id for each in page.items]
            cursor = page.next_cursor
        assert [each.user_id for each in first.items] + rest == [people[0], *people[2:]]

    @pytest.mark.parametrize("cursor", ["", "x", "WzFd", "WyJhL2IiXQ==", "é"])
    def test_a_cursor_of_somebody_else_is_refused(self, world: World, ann: UserId, cursor: str) -> None:
        with pytest.raises(BadRequest, match=r"^cursor: "):
            world.keep_contacts.page(ann, limit=2, cursor=cursor)
