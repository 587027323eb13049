from dataclasses import replace

import pytest

from natter.domain.accounts.credentials import SessionState
from natter.domain.accounts.users import SignedIn
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import SessionId
from natter.usecases.accounts.authenticate import Authenticate, AuthenticateSocket, CheckSession
from tests.identity import NOON, World, a_sign_in
from tests.memory.devices import MemoryDevices
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions


class DownStates(MemorySessionStates):
    def get(self, session: SessionId) -> SessionState | None:
        raise Unavailable(f"cache, asked for {session}")


class ReadOnlyStates(MemorySessionStates):
    def note_live(self, session: SessionId) -> None:
        raise Unavailable(f"cache, told of {session}")


class DownSessions(MemorySessions):
    def is_live(self, session: SessionId, *, at: int) -> bool:
        raise Unavailable(f"database, asked at {at} for {session}")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def ann(world: World) -> SignedIn:
    return world.sign_in(a_sign_in("ann"))


class TestAuthenticate:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "  Bearer", "Bearer "])
    def test_an_access_token(self, world: World, ann: SignedIn, scheme: str) -> None:
        assert world.authenticate(f"{scheme} {ann.access_token}") == ann.principal

    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token", f"Bearer {'x' * 5000}"])
    def test_anything_else_is_refused(self, world: World, header: str | None) -> None:
        with pytest.raises(Unauthenticated):
            world.authenticate(header)

    def test_an_expired_token_is_refused(self, world: World, ann: SignedIn) -> None:
        world.clock.advance(seconds=899)
        assert world.authenticate(f"Bearer {ann.access_token}") == ann.principal
        world.clock.advance(seconds=1)
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {ann.access_token}")


class TestCheckSession:
    def test_the_truth_is_asked_once(self, world: World, ann: SignedIn) -> None:
        session = ann.principal.session_id
        world.check_session(session)
        CheckSession(states=world.states, sessions=DownSessions(MemoryDevices()), now_ms=lambda: NOON)(session)

    def test_one_that_never_was_is_refused_and_not_remembered(self, world: World) -> None:
        unknown = SessionId("unknown")
        with pytest.raises(Unauthenticated):
            world.check_session(unknown)
        assert world.states.get(unknown) is None

    def test_without_the_cache_the_truth_decides(self, world: World, ann: SignedIn) -> None:
        check = CheckSession(states=DownStates(), sessions=world.sessions, now_ms=lambda: NOON)
        check(ann.principal.session_id)
        world.sessions.end([ann.principal.session_id], at=0)
        with pytest.raises(Unauthenticated):
            check(ann.principal.session_id)

    def test_a_cache_that_cannot_be_written_is_no_reason_to_refuse(self, world: World, ann: SignedIn) -> None:
        CheckSession(states=ReadOnlyStates(), sessions=world.sessions, now_ms=lambda: NOON)(ann.principal.session_id)

    def test_with_neither_nobody_can_tell(self, world: World, ann: SignedIn) -> None:
        """Which is not the same as a refusal: a client would throw its tokens away (P9)."""
        check = CheckSession(states=DownStates(), sessions=DownSessions(MemoryDevices()), now_ms=lambda: NOON)
        with pytest.raises(Unavailable):
            Authenticate(tokens=world.tokens, check_session=check)(f"Bearer {ann.access_token}")

    def test_what_the_cache_lost_the_truth_knows(self, world: World, ann: SignedIn) -> None:
        """After FLUSHALL an ended session is still ended."""
        world.end_session(ann.principal)
        forgetful = replace(world.check_session, states=MemorySessionStates())
        with pytest.raises(Unauthenticated):
            forgetful(ann.principal.session_id)


class TestRedeemTicket:
    def test_a_ticket_is_good_once_for_thirty_seconds(self, world: World, ann: SignedIn) -> None:
        first, second = (world.issue_ticket(ann.principal) for _ in range(2))
        assert first.expires_in_s == 30
        assert first.url == f"wss://sockets/stage?ticket={first.ticket}"
        assert world.redeem_ticket(first.ticket) == ann.principal
        with pytest.raises(Unauthenticated):
            world.redeem_ticket(first.ticket)
        world.clock.advance(seconds=30)
        with pytest.raises(Unauthenticated):
            world.redeem_ticket(second.ticket)


class TestAuthenticateSocket:
    def test_either_is_enough(self, world: World, ann: SignedIn) -> None:
        socket = AuthenticateSocket(authenticate=world.authenticate, redeem_ticket=world.redeem_ticket)
        ticket = world.issue_ticket(ann.principal).ticket
        assert socket(ticket=ticket, authorization=None) == ann.principal
        assert socket(ticket=None, authorization=f"Bearer {ann.access_token}") == ann.principal
        with pytest.raises(Unauthenticated):
            socket(ticket=None, authorization=None)
        with pytest.raises(Unauthenticated):
            socket(ticket=ticket, authorization=f"Bearer {ann.access_token}")
