from dataclasses import replace
from typing import override

import pytest

from natter.domain.errors import BadToken, NotFound, Unauthenticated, Unavailable
from natter.domain.ids import SessionId
from tests.identity import World, a_connection, a_sign_in
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

    def test_a_connection_that_may_be_open_is_said(self) -> None:
        """The session has ended all the same; repeating it closes what is left (P9)."""
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.sockets.register(a_connection(mine, "c1"))
        world.sockets.answers = False
        with pytest.raises(Unavailable):
            world.end_session(mine)
        assert not world.sessions.is_live(mine.session_id)
        world.sockets.answers = True
        world.end_session(mine)
        assert world.sockets.open == []

    def test_twice_is_once(self) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.end_session(mine)
        world.end_session(mine)
        assert not world.sessions.is_live(mine.session_id)


class DownStates(MemorySessionStates):
    @override
    def note_ended(self, session: SessionId) -> None:
        raise Unavailable(f"cache, told of {session}")


class TestEndSessions:
    def test_what_was_interrupted_is_completed_by_asking_again(self) -> None:
        """P9: without the cache, where they may be remembered as live, none has ended."""
        world = World()
        world.add("ann")
        mine, other = (world.sign_in(a_sign_in("ann")) for _ in range(2))
        world.authenticate(f"Bearer {other.access_token}")  # its state is cached now
        with pytest.raises(Unavailable):
            replace(world.end_sessions, states=DownStates())(mine.principal.user_id, but=mine.principal.session_id)
        assert world.sessions.is_live(other.principal.session_id)
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
            def note_ended(self, session: SessionId) -> None:
                super().note_ended(session)
                world.sockets.register(a_connection(world.sign_in(a_sign_in("ann")).principal, "new"))

        world.sockets.register(a_connection(other, "other"))
        replace(world.end_sessions, states=Meanwhile())(mine.user_id, but=mine.session_id)
        assert [each.connection_id for each in world.sockets.open] == ["new"]


class TestEndOwnSession:
    @pytest.mark.parametrize("by_id", [True, False])
    def test_the_asking_one(self, by_id: bool) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        world.end_own_session(mine, mine.session_id if by_id else "current")
        assert not world.sessions.is_live(mine.session_id)

    def test_another_one_of_the_same_user(self) -> None:
        world = World()
        world.add("ann")
        mine, other = (world.sign_in(a_sign_in("ann")).principal for _ in range(2))
        world.end_own_session(mine, other.session_id)
        assert world.list_sessions(mine) == [world.sessions.find(mine.session_id)]

    def test_somebody_elses_is_not_found(self) -> None:
        """As one that does not exist: nobody can tell, and nothing ends (P8)."""
        world = World()
        world.add("ann")
        world.add("bob")
        mine, theirs = (world.sign_in(a_sign_in(name)).principal for name in ("ann", "bob"))
        for which in (theirs.session_id, "unknown"):
            with pytest.raises(NotFound, match="no such session"):
                world.end_own_session(mine, which)
        assert world.sessions.is_live(theirs.session_id)
