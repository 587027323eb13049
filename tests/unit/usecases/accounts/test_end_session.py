from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any, override

import pytest

from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import MAX_SESSIONS, PushTarget
from natter.domain.errors import BadToken, NotFound, Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, SessionId
from natter.usecases.accounts.end_session import TOGETHER
from tests.identity import World, a_connection, a_principal, a_session, a_sign_in
from tests.memory.session_states import MemorySessionStates


class TestEndSession:
    def test_ends_all_that_hangs_on_it_at_once(self) -> None:
        world = World()
        world.add("ann")
        ended, kept = (world.sign_in(a_sign_in("ann")) for _ in range(2))
        ticket = world.issue_ticket(ended.principal).ticket
        world.authenticate(f"Bearer {ended.access_token}")  # its state is cached now
        world.sockets.register(a_connection(ended.principal, "c1"))
        world.sockets.register(a_connection(kept.principal, "c2"))

        world.end_session(ended.principal)

        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {ended.access_token}")
        with pytest.raises(Unauthenticated):
            world.redeem_ticket(ticket)
        with pytest.raises(BadToken):
            world.refresh_session(ended.refresh_token)
        assert [each.connection_id for each in world.sockets.open] == ["c2"]
        assert world.sockets.frames == [("c1", b'{"type":"signed_out"}')]
        assert world.authenticate(f"Bearer {kept.access_token}") == kept.principal

    def test_a_connection_that_may_be_open_is_closed_when_the_gateway_answers(self) -> None:
        """Without anybody's asking again (P9); until then nothing is delivered to it."""
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        phone = a_connection(mine, "c1")
        world.sockets.register(phone)
        world.sockets.answers = False
        world.end_session(mine)
        assert not world.lives(mine.session_id)
        assert world.sockets.of([mine.user_id]) == {}
        world.sockets.answers = True
        world.close_again()
        assert world.sockets.open == []

    def test_where_neither_gateway_nor_queue_answers_it_is_said(self) -> None:
        """The session has ended all the same; repeating it closes what is left (P9)."""
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.sockets.register(a_connection(mine, "c1"))
        world.sockets.answers = world.closures.answers = False
        with pytest.raises(Unavailable):
            world.end_session(mine)
        assert not world.lives(mine.session_id)
        world.sockets.answers = True
        world.end_session(mine)
        assert world.sockets.open == []

    def test_a_device_is_woken_until_its_last_session_ends(self) -> None:
        world = World()
        world.add("ann")
        first, second = (world.sign_in(a_sign_in("ann", device_id=DeviceId("phone"))).principal for _ in range(2))
        target = PushTarget(provider="fcm", token="token")
        assert world.devices.register_push(first.user_id, DeviceId("phone"), target, endpoint=None, at=world.clock())
        world.end_session(first)
        assert world.devices.target(first.user_id, DeviceId("phone")) == target
        world.end_session(second)
        assert world.devices.target(first.user_id, DeviceId("phone")) is None

    def test_twice_is_once(self) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.end_session(mine)
        world.end_session(mine)
        assert not world.lives(mine.session_id)


class DownStates(MemorySessionStates):
    @override
    def note_ended(self, sessions: Collection[SessionId]) -> None:
        raise Unavailable(f"cache, told of {sessions}")


class TestEndSessions:
    def test_what_was_interrupted_is_completed_by_asking_again(self) -> None:
        """P9: without the cache, where they may be remembered as live, none has ended."""
        world = World()
        world.add("ann")
        mine, other = (world.sign_in(a_sign_in("ann")) for _ in range(2))
        world.authenticate(f"Bearer {other.access_token}")  # its state is cached now
        with pytest.raises(Unavailable):
            replace(world.end_sessions, states=DownStates())(mine.principal.user_id, but=mine.principal.session_id)
        assert world.lives(other.principal.session_id)
        world.end_sessions(mine.principal.user_id, but=mine.principal.session_id)
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {other.access_token}")
        assert world.authenticate(f"Bearer {mine.access_token}")

    def test_whoever_signs_in_meanwhile_stays_connected(self) -> None:
        world = World()
        world.add("ann")
        mine, other = (world.sign_in(a_sign_in("ann")).principal for _ in range(2))

        class Meanwhile(MemorySessionStates):
            @override
            def note_ended(self, sessions: Collection[SessionId]) -> None:
                super().note_ended(sessions)
                world.sockets.register(a_connection(world.sign_in(a_sign_in("ann")).principal, "new"))

        world.sockets.register(a_connection(other, "other"))
        replace(world.end_sessions, states=Meanwhile())(mine.user_id, but=mine.session_id)
        assert [each.connection_id for each in world.sockets.open] == ["new"]

    def test_thousands_are_ended_together(self) -> None:
        """In steps of a thousand, not one by one."""
        world = World()
        user = world.add("ann").user_id
        principals = [replace(a_principal(), user_id=user) for _ in range(2 * TOGETHER + 1)]
        for principal in principals:
            world.sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
        counting = Counting(world.sessions)
        sessions: Any = counting
        replace(world.end_sessions, sessions=sessions)(user)
        assert counting.calls == {"ids_of_user": 1, "end": 3}
        assert not any(world.lives(principal.session_id) for principal in principals)


class Counting:
    """Counts the calls to a port."""

    def __init__(self, port: object) -> None:
        self._port = port
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self._port, name)


class TestMakeRoom:
    """Of more sessions than a user may have, those that were not used for longest give way."""

    def test_a_hundred_stay(self) -> None:
        world = World()
        world.add("ann")
        all_of_them = [world.sign_in(a_sign_in("ann")) for _ in range(MAX_SESSIONS)]
        assert all(world.lives(each.principal.session_id) for each in all_of_them)

    def test_one_more_ends_the_one_that_was_not_used_for_longest(self) -> None:
        """With its connections, as any end; that it was begun first does not matter."""
        world = World()
        world.add("ann")
        first = world.sign_in(a_sign_in("ann"))
        idle = world.sign_in(a_sign_in("ann"))
        world.sockets.register(a_connection(idle.principal, "idle"))
        world.clock.advance(seconds=60)
        for _ in range(MAX_SESSIONS - 2):
            world.sign_in(a_sign_in("ann"))
        world.refresh_session(first.refresh_token)
        newest = world.sign_in(a_sign_in("ann"))
        lives = [world.lives(each.principal.session_id) for each in (first, idle, newest)]
        assert lives == [True, False, True]
        assert world.sockets.open == []
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {idle.access_token}")


class TestEndOwnSession:
    @pytest.mark.parametrize("by_id", [True, False])
    def test_the_asking_one(self, by_id: bool) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.end_own_session(mine, mine.session_id if by_id else "current")
        assert not world.lives(mine.session_id)

    def test_another_one_of_the_same_user(self) -> None:
        world = World()
        world.add("ann")
        mine, other = (world.sign_in(a_sign_in("ann")).principal for _ in range(2))
        world.end_own_session(mine, other.session_id)
        assert world.list_sessions(mine, limit=50).items == [world.sessions.find(mine.session_id)]

    def test_somebody_elses_is_not_found(self) -> None:
        """As one that does not exist: nobody can tell, and nothing ends (P8)."""
        world = World()
        world.add("ann")
        world.add("bob")
        mine, theirs = (world.sign_in(a_sign_in(name)).principal for name in ("ann", "bob"))
        for which in (theirs.session_id, "unknown"):
            with pytest.raises(NotFound, match="no such session"):
                world.end_own_session(mine, which)
        assert world.lives(theirs.session_id)
