from dataclasses import replace

import pytest

from natter.domain.accounts.identities import Identity
from natter.domain.accounts.users import SignedIn
from natter.domain.errors import BadCredentials, RateLimited, Unauthenticated, Unavailable
from natter.domain.limits import WRONG_PASSWORDS_PER_SESSION
from tests.identity import PASSWORD, World, a_connection, a_sign_in, a_user
from tests.memory.session_states import MemorySessionStates

ADDRESS = "192.0.2.1"
ANN = Identity(issuer="https://login.example", subject="1", username="ann")
BOB = Identity(issuer="https://login.example", subject="2", username="bob")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> SignedIn:
    world.add("ann")
    return world.sign_in(a_sign_in("ann"))


def is_in(world: World, signed_in: SignedIn) -> bool:
    try:
        world.authenticate(f"Bearer {signed_in.access_token}")
    except Unauthenticated:
        return False
    return True


class TestEraseSelf:
    def test_ends_all_sessions_and_their_connections(self, world: World, ann: SignedIn) -> None:
        other = world.sign_in(a_sign_in("ann"))
        assert is_in(world, other)  # it is remembered as live now
        world.sockets.register(a_connection(other.principal, "other"))
        world.erase_self(ann.principal, PASSWORD, address=ADDRESS)
        assert (is_in(world, ann), is_in(world, other), world.sockets.open) == (False, False, [])
        assert world.erasures.requested(ann.principal.user_id)

    def test_a_wrong_password_erases_nothing_and_too_many_have_to_wait(self, world: World, ann: SignedIn) -> None:
        for _ in range(WRONG_PASSWORDS_PER_SESSION.burst):
            with pytest.raises(BadCredentials):
                world.erase_self(ann.principal, "wrong horse", address=ADDRESS)
        with pytest.raises(RateLimited):
            world.erase_self(ann.principal, PASSWORD, address=ADDRESS)
        assert not world.erasures.requested(ann.principal.user_id)
        assert is_in(world, ann)

    def test_what_was_interrupted_is_completed_by_asking_again(self, world: World, ann: SignedIn) -> None:
        """By then there is no password to prove it by; a session that is live still is enough."""

        class Down(MemorySessionStates):
            def note_ended(self, sessions: object) -> None:
                raise Unavailable(f"cache, told of {sessions}")

        start = world.request_erasure
        interrupted = replace(start, end_sessions=replace(start.end_sessions, states=Down()))
        with pytest.raises(Unavailable):
            replace(world.erase_self, start=interrupted)(ann.principal, PASSWORD, address=ADDRESS)
        assert is_in(world, ann)
        world.erase_self(ann.principal, PASSWORD, address=ADDRESS)
        assert not is_in(world, ann)


class TestEraseSelfByProvider:
    def test_an_id_token_of_oneself_proves_it(self, world: World) -> None:
        signed_in = world.open_session(world.identities.add(ANN, a_user("ann")), a_sign_in("ann").device)
        world.erase_self_by_provider(signed_in.principal, world.provider.issue(ANN))
        assert not is_in(world, signed_in)

    def test_one_of_somebody_else_or_none_does_not(self, world: World) -> None:
        signed_in = world.open_session(world.identities.add(ANN, a_user("ann")), a_sign_in("ann").device)
        world.identities.add(BOB, a_user("bob"))
        for token in (world.provider.issue(BOB), "no-such-token"):
            with pytest.raises(BadCredentials):
                world.erase_self_by_provider(signed_in.principal, token)
        assert is_in(world, signed_in)
