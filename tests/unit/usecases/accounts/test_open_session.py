from collections.abc import Sequence
from dataclasses import replace

import pytest

from natter.domain.accounts.requests import OnDevice
from natter.domain.accounts.users import MAX_SESSIONS, Device, Session
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.usecases.accounts.open_session import ACCESS_TTL_S
from tests.identity import World
from tests.memory.access_tokens import MemoryAccessTokens

PHONE = OnDevice(device_id=DeviceId("phone"), name="Phone", platform="ios")
UNKNOWN = OnDevice(device_id=None, name=None, platform=None)


class DownTokens(MemoryAccessTokens):
    def issue(self, principal: object, *, at: int, ttl_s: int) -> str:
        raise Unavailable(f"the keys, for {principal} at {at} for {ttl_s} s")


class TestOpenSession:
    def test_both_tokens_are_good_for_it(self) -> None:
        world = World()
        ann = world.add("ann").user_id
        opened = world.open_session(ann, PHONE)
        assert world.authenticate(f"Bearer {opened.access_token}") == opened.principal
        assert world.refresh_session(opened.refresh_token).principal == opened.principal
        (session,) = sessions_of(world, ann)
        device = Device(device_id=DeviceId("phone"), name="Phone", platform="ios")
        now = world.clock()
        assert session == Session(principal=opened.principal, device=device, created_at=now, refreshed_at=now)

    def test_the_access_token_ends_when_it_says(self) -> None:
        world = World()
        opened = world.open_session(world.add("ann").user_id, PHONE)
        assert opened.expires_in_s == ACCESS_TTL_S
        world.clock.advance(seconds=ACCESS_TTL_S - 1)
        world.authenticate(f"Bearer {opened.access_token}")
        world.clock.advance(seconds=1)
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {opened.access_token}")

    def test_a_device_without_an_id_is_a_new_one(self) -> None:
        world = World()
        ann = world.add("ann").user_id
        opened: Sequence[DeviceId] = [world.open_session(ann, UNKNOWN).principal.device_id for _ in range(2)]
        assert len(set(opened)) == 2

    def test_nothing_is_begun_without_a_token(self) -> None:
        world = World()
        ann = world.add("ann").user_id
        with pytest.raises(Unavailable):
            replace(world.open_session, tokens=DownTokens(world.clock))(ann, PHONE)
        assert sessions_of(world, ann) == []

    def test_what_is_undone_is_over(self) -> None:
        world = World()
        ann = world.add("ann").user_id
        world.open_session.undo(world.open_session(ann, PHONE))
        assert sessions_of(world, ann) == []

    def test_of_more_than_a_user_may_have_the_one_not_used_for_longest_gives_way(self) -> None:
        world = World()
        ann = world.add("ann").user_id
        first = world.open_session(ann, PHONE).principal
        for _ in range(MAX_SESSIONS):
            world.clock.advance(seconds=1)
            world.open_session(ann, PHONE)
        assert len(sessions_of(world, ann)) == MAX_SESSIONS
        assert not world.lives(first.session_id)


def sessions_of(world: World, user: UserId) -> Sequence[Session]:
    return world.sessions.of_user(user, after=None, limit=200, at=world.clock())
