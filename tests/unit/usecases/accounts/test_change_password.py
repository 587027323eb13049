from dataclasses import replace
from typing import Any, override

import pytest

from natter.domain.accounts.requests import NewPassword
from natter.domain.accounts.users import Principal, SignedIn
from natter.domain.errors import BadCredentials, RateLimited, Unauthenticated, Unavailable
from tests.identity import PASSWORD, World, a_connection, a_principal, a_sign_in
from tests.memory.passwords import MemoryPasswords

NEW = "new horse battery"


def wanted(**changes: Any) -> NewPassword:
    return replace(NewPassword(current=PASSWORD, new=NEW, address="192.0.2.1"), **changes)


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def mine(world: World) -> SignedIn:
    return world.sign_in(a_sign_in("ann"))


class TestChangePassword:
    def test_from_now_on_the_new_one_opens(self, world: World, mine: SignedIn) -> None:
        world.change_password(mine.principal, wanted())
        with pytest.raises(BadCredentials):
            world.sign_in(a_sign_in("ann"))
        assert world.sign_in(a_sign_in("ann", password=NEW))

    def test_ends_the_other_sessions_and_only_those(self, world: World, mine: SignedIn) -> None:
        world.add("bob")
        bobs = world.sign_in(a_sign_in("bob"))
        other = world.sign_in(a_sign_in("ann"))
        for name, signed_in in (("mine", mine), ("other", other), ("bobs", bobs)):
            world.sockets.register(a_connection(signed_in.principal, name))
        world.change_password(mine.principal, wanted())
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {other.access_token}")
        for kept in (mine, bobs):
            assert world.authenticate(f"Bearer {kept.access_token}") == kept.principal
        assert [each.connection_id for each in world.sockets.open] == ["mine", "bobs"]
        assert world.sockets.frames == [("other", b'{"type":"signed_out"}')]

    def test_a_wrong_current_one_changes_nothing(self, world: World, mine: SignedIn) -> None:
        other = world.sign_in(a_sign_in("ann"))
        with pytest.raises(BadCredentials):
            world.change_password(mine.principal, wanted(current="wrong"))
        assert world.lives(other.principal.session_id)
        assert world.sign_in(a_sign_in("ann"))

    def test_of_a_session_five_passwords_a_minute_are_tried(self, world: World, mine: SignedIn) -> None:
        """The current one and the new one are two: each attempt told of both, ten a minute."""
        for _ in range(2):
            with pytest.raises(BadCredentials):
                world.change_password(mine.principal, wanted(current="wrong"))
        with pytest.raises(RateLimited):
            world.change_password(mine.principal, wanted(current="wrong", new=PASSWORD))
        with pytest.raises(RateLimited):
            world.change_password(mine.principal, wanted())
        world.clock.advance(seconds=60)
        world.change_password(mine.principal, wanted())

    def test_who_tries_it_at_the_door_keeps_nobody_from_changing_it(self, world: World, mine: SignedIn) -> None:
        """Whoever knew a name could, five times a minute, and also keep its owner from going for good."""
        for _ in range(5):
            with pytest.raises(BadCredentials):
                world.sign_in(a_sign_in("ann", password="wrong"))
        world.change_password(mine.principal, wanted())

    def test_who_tries_it_in_a_session_keeps_nobody_else_out(self, world: World, mine: SignedIn) -> None:
        """A thief's, of a lost phone."""
        other = world.sign_in(a_sign_in("ann"))
        for _ in range(9):
            with pytest.raises((BadCredentials, RateLimited)):
                world.change_password(mine.principal, wanted(current="wrong"))
        assert world.sign_in(a_sign_in("ann"))
        world.change_password(other.principal, wanted())

    def test_what_was_interrupted_is_completed_by_asking_again(self, world: World, mine: SignedIn) -> None:
        """P9: the password was changed, a connection may be open; the same request ends what is left."""
        other = world.sign_in(a_sign_in("ann")).principal
        world.sockets.register(a_connection(mine.principal, "mine"))
        world.sockets.register(a_connection(other, "other"))
        world.sockets.answers = world.closures.answers = False
        with pytest.raises(Unavailable):
            world.change_password(mine.principal, wanted())
        world.sockets.answers = True
        world.change_password(mine.principal, wanted())
        assert sessions_of(world, mine) == [mine.principal]
        assert [each.connection_id for each in world.sockets.open] == ["mine"]

    def test_of_two_changes_at_once_one_is_made(self, world: World, mine: SignedIn) -> None:
        class Meanwhile(MemoryPasswords):
            """While the new one is hashed, somebody else changes it."""

            @override
            def hash(self, password: str) -> str:
                world.change_password(mine.principal, wanted(new="first horse battery"))
                return super().hash(password)

        second = replace(world.change_password, passwords=Meanwhile())
        with pytest.raises(BadCredentials):
            second(mine.principal, wanted())
        assert world.sign_in(a_sign_in("ann", password="first horse battery"))

    def test_a_sign_in_that_is_under_way_with_the_old_one_does_not_survive(self, world: World, mine: SignedIn) -> None:
        """It had checked the old password before the change, and opens its session after."""

        class Meanwhile:
            def __call__(self, username: str, *passwords: str, **asking: Any) -> Any:
                known = world.check(username, *passwords, **asking)
                world.change_password(mine.principal, wanted())
                return known

        late: Any = Meanwhile()
        with pytest.raises(BadCredentials):
            replace(world.sign_in, check=late)(a_sign_in("ann"))
        assert sessions_of(world, mine) == [mine.principal]

    def test_who_is_not_there_any_more_is_not_signed_in(self, world: World) -> None:
        with pytest.raises(Unauthenticated):
            world.change_password(a_principal(), wanted())

    def test_repr_keeps_the_passwords(self) -> None:
        assert repr(wanted()) == "NewPassword()"


def sessions_of(world: World, mine: SignedIn) -> list[Principal]:
    return [session.principal for session in world.list_sessions(mine.principal, limit=50).items]
