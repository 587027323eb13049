from dataclasses import replace

import pytest

from natter.domain.accounts.users import SESSION_IDLE_MS, Principal, SignedIn
from natter.domain.errors import BadToken, RateLimited, Unauthenticated, Unavailable
from natter.domain.limits import HTTP_PER_USER
from tests.identity import World, a_connection, a_sign_in
from tests.memory.access_tokens import MemoryAccessTokens


def signed_in(world: World) -> SignedIn:
    world.add("ann")
    return world.sign_in(a_sign_in("ann"))


class DownTokens(MemoryAccessTokens):
    """A signer that does not answer."""

    def issue(self, principal: Principal, *, at: int, ttl_s: int) -> str:
        raise Unavailable(f"signer, asked at {at} for {ttl_s} s of {principal}")


class TestRefreshSession:
    def test_gives_a_new_pair_for_the_same_session(self) -> None:
        world = World()
        first = signed_in(world)
        second = world.refresh_session(first.refresh_token)
        assert second.principal == first.principal
        assert second.refresh_token != first.refresh_token
        assert second.principal == world.authenticate(f"Bearer {second.access_token}")

    def test_the_new_one_can_be_refreshed_in_turn(self) -> None:
        world = World()
        token = signed_in(world).refresh_token
        for _ in range(5):
            token = world.refresh_session(token).refresh_token

    def test_counts_as_a_request_of_the_user(self) -> None:
        """Or one could have tokens signed without end. Nobody is signed out by it."""
        world = World()
        token = signed_in(world).refresh_token
        for _ in range(HTTP_PER_USER.burst):
            token = world.refresh_session(token).refresh_token
        with pytest.raises(RateLimited):
            world.refresh_session(token)
        world.clock.advance(seconds=1)
        assert world.refresh_session(token)

    def test_of_two_tabs_both_get_a_pair(self) -> None:
        """Which are both good until one of them is refreshed."""
        world = World()
        token = signed_in(world).refresh_token
        one = world.refresh_session(token)
        world.clock.advance(seconds=10)
        other = world.refresh_session(token)
        assert one.principal == other.principal
        assert one.refresh_token != other.refresh_token
        for pair in (one, other):
            assert world.authenticate(f"Bearer {pair.access_token}") == one.principal
        world.clock.advance(seconds=60)
        assert world.refresh_session(other.refresh_token)
        with pytest.raises(BadToken):
            world.refresh_session(one.refresh_token)

    def test_a_third_time_is_reuse(self) -> None:
        world = World()
        mine = signed_in(world)
        for _ in range(2):
            world.refresh_session(mine.refresh_token)
        with pytest.raises(BadToken):
            world.refresh_session(mine.refresh_token)
        assert not world.lives(mine.principal.session_id)

    def test_later_it_is_reuse(self) -> None:
        world = World()
        mine = signed_in(world)
        world.refresh_session(mine.refresh_token)
        world.clock.advance(seconds=10.001)
        with pytest.raises(BadToken):
            world.refresh_session(mine.refresh_token)
        assert not world.lives(mine.principal.session_id)

    def test_of_a_session_that_nobody_used_for_ninety_days_there_is_none(self) -> None:
        """Nor is anything else of it good; nobody has ended it."""
        world = World()
        mine = signed_in(world)
        world.clock.advance(seconds=SESSION_IDLE_MS / 1000 - 1)
        mine = world.refresh_session(mine.refresh_token)
        ticket = world.issue_ticket(mine.principal).ticket
        world.clock.advance(seconds=SESSION_IDLE_MS / 1000)
        with pytest.raises(Unauthenticated):
            world.redeem_ticket(ticket)
        with pytest.raises(Unauthenticated):
            world.check_session(mine.principal.session_id)
        with pytest.raises(BadToken):
            world.refresh_session(mine.refresh_token)

    def test_reuse_ends_the_session(self) -> None:
        """At once and with all that hangs on it, whichever of the old tokens it was."""
        world = World()
        first = signed_in(world)
        second = world.refresh_session(first.refresh_token)
        third = world.refresh_session(second.refresh_token)
        world.sockets.register(a_connection(first.principal, "c1"))
        with pytest.raises(BadToken):
            world.refresh_session(first.refresh_token)
        with pytest.raises(BadToken):
            world.refresh_session(third.refresh_token)
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {third.access_token}")
        assert world.sockets.open == []

    def test_a_guess_ends_nothing(self) -> None:
        """Who knows the id of a session (it is in every access token) cannot end it."""
        world = World()
        mine = signed_in(world)
        for guess in (f"{mine.principal.session_id}.x.y", "unknown.x.y", "", "x", "a.b.c.d", "\0.\0.\0"):
            with pytest.raises(BadToken):
                world.refresh_session(guess)
        assert world.refresh_session(mine.refresh_token)

    def test_an_ended_session_is_not_refreshed(self) -> None:
        world = World()
        mine = signed_in(world)
        world.end_session(mine.principal)
        with pytest.raises(BadToken):
            world.refresh_session(mine.refresh_token)

    def test_without_the_signer_nobody_is_signed_out(self) -> None:
        """The old token is good until there is a new one (P9)."""
        world = World()
        mine = signed_in(world)
        down = replace(world.refresh_session, tokens=DownTokens(world.clock))
        with pytest.raises(Unavailable):
            down(mine.refresh_token)
        assert world.refresh_session(mine.refresh_token)
