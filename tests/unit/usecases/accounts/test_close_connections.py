from dataclasses import replace

import pytest

from natter.domain.connections import UPGRADE_MS, Closure
from natter.domain.errors import Unavailable
from natter.names import CONNECTION_LIFETIME_S
from natter.usecases.accounts.close_connections import LONGEST_DELAY_S, CloseConnections, backoff_s
from tests.identity import World, a_connection, a_principal

PHONE = a_connection(a_principal(), "phone")


@pytest.fixture
def world() -> World:
    world = World()
    world.sockets.register(PHONE)
    return world


def slow(world: World) -> CloseConnections:
    """Whose gateway does not know the connection yet."""
    world.sockets.refuse(PHONE)
    return world.close


class TestCloseConnections:
    def test_what_is_closed_is_closed(self, world: World) -> None:
        world.close([PHONE], signed_out=False)
        assert (world.sockets.open, world.sockets.frames, world.closures.closures) == ([], [], [])
        assert world.sockets.of([PHONE.user_id]) == {}

    def test_of_an_ended_session_it_is_told_so(self, world: World) -> None:
        world.close([PHONE], signed_out=True)
        assert world.sockets.frames == [("phone", b'{"type":"signed_out"}')]

    def test_nobody_is_asked_for_nothing(self, world: World) -> None:
        world.sockets.answers = world.closures.answers = False
        world.close([], signed_out=True)

    @pytest.mark.parametrize("signed_out", [True, False])
    def test_whose_upgrade_may_be_under_way_is_closed_again(self, world: World, signed_out: bool) -> None:
        """As long as the gateway may come to know it; it is delivered nothing meanwhile."""
        slow(world)([PHONE], signed_out=signed_out)
        assert world.closures.closures == [Closure(connection=PHONE, signed_out=signed_out, attempt=1)]
        assert world.closures.delays_s[0] in (1, 2)
        assert world.sockets.of([PHONE.user_id]) == {}
        world.clock.advance(seconds=UPGRADE_MS / 1000 + 0.001)
        world.close_again()
        assert world.closures.closures == []

    def test_whom_the_gateway_knew_long_ago_is_gone(self, world: World) -> None:
        world.clock.advance(seconds=UPGRADE_MS / 1000 + 0.001)
        slow(world)([PHONE], signed_out=True)
        assert world.closures.closures == []
        assert world.sockets.of([PHONE.user_id]) == {}

    def test_while_the_gateway_does_not_answer_it_is_tried_for_as_long_as_it_may_live(self, world: World) -> None:
        world.sockets.answers = False
        world.close([PHONE], signed_out=True)
        while world.closures.closures:
            world.clock.advance(seconds=LONGEST_DELAY_S)
            world.close_again()
        lived_s = (world.clock() - PHONE.connected_at) / 1000
        assert CONNECTION_LIFETIME_S <= lived_s <= CONNECTION_LIFETIME_S + LONGEST_DELAY_S

    def test_where_it_may_stay_open_it_is_still_known(self, world: World) -> None:
        """Whoever has to ask again finds it."""
        world.closures.answers = False
        with pytest.raises(Unavailable):
            slow(world)([PHONE], signed_out=True)
        assert world.sockets.of([PHONE.user_id]) == {PHONE.user_id: [PHONE]}

    def test_the_oldest_are_waited_for_no_longer_than_others(self, world: World) -> None:
        young = replace(a_connection(a_principal(), "young"), connected_at=PHONE.connected_at + UPGRADE_MS)
        world.clock.advance(seconds=UPGRADE_MS / 1000 + 0.001)
        slow(world)([PHONE, young], signed_out=False)
        assert [each.connection for each in world.closures.closures] == [young]


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 1, 2), (2, 2, 4), (5, 16, 32), (6, 30, 60), (500, 30, 60)])
def test_it_waits_longer_each_time(attempt: int, least: int, most: int) -> None:
    assert all(least <= backoff_s(attempt) <= most for _ in range(50))
