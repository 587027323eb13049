from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from natter.domain.accounts.credentials import Credentials
from natter.domain.errors import BadCredentials, NatterError, RateLimited
from natter.domain.limits import (
    FAILED_SIGN_INS_PER_ADDRESS,
    FAILED_SIGN_INS_PER_NAME,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_USER,
)
from natter.usecases.accounts.check_password import CheckPassword
from tests.identity import PASSWORD, World
from tests.memory.passwords import MemoryPasswords


class TestCheckPassword:
    def test_any_of_several_opens(self) -> None:
        world = World()
        ann = world.add("ann")
        assert world.check("ann", "wrong", PASSWORD, address="192.0.2.1").user_id == ann.user_id

    def test_each_wrong_one_counts(self) -> None:
        world = World()
        world.add("ann")
        for _ in range(2):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", "wrong, too", address="192.0.2.1")
        with pytest.raises(RateLimited):
            world.check("ann", "wrong", PASSWORD, address="192.0.2.1")

    def test_an_address_that_is_refused_takes_nothing_of_a_name(self) -> None:
        """Or one host would lock out everybody whose name it knows."""
        world = World()
        world.add("ann")
        for number in range(FAILED_SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(BadCredentials):
                world.check(f"nobody{number}", "wrong", address="192.0.2.1")
        for _ in range(2 * FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(RateLimited):
                world.check("ann", "wrong", address="192.0.2.1")
        assert world.check("ann", PASSWORD, address="192.0.2.2")

    def test_a_name_that_is_refused_takes_nothing_of_an_address(self) -> None:
        """Others may be behind it."""
        world = World()
        for name in ("ann", "bob"):
            world.add(name)
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", address="192.0.2.1")
        for _ in range(FAILED_SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(RateLimited):
                world.check("ann", "wrong", address="192.0.2.1")
        assert world.check("bob", PASSWORD, address="192.0.2.1")


class TestRightOnes:
    """Each is work, too."""

    def test_of_one_user_are_so_many_from_anywhere(self) -> None:
        world = World()
        world.add("ann")
        world.add("bob")
        for number in range(SIGN_INS_PER_USER.burst):
            world.check("ann", PASSWORD, address=f"192.0.2.{number % 200}")
        with pytest.raises(RateLimited):
            world.check("ann", PASSWORD, address="192.0.2.250")
        assert world.check("bob", PASSWORD, address="192.0.2.1")
        world.clock.advance(seconds=1 / SIGN_INS_PER_USER.rate)
        assert world.check("ann", PASSWORD, address="192.0.2.250")

    def test_from_one_address_are_so_many_of_anybody(self) -> None:
        world = World()
        people = [world.add(f"ann{number}").username for number in range(10)]
        for number in range(SIGN_INS_PER_ADDRESS.burst):
            world.check(people[number % len(people)], PASSWORD, address="192.0.2.1")
        with pytest.raises(RateLimited):
            world.check(people[0], PASSWORD, address="192.0.2.1")
        assert world.check(people[0], PASSWORD, address="192.0.2.2")

    def test_nobody_uses_them_up_who_does_not_know_the_password(self) -> None:
        world = World()
        world.add("ann")
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst - 1):
            with pytest.raises(BadCredentials):
                world.check("ann", "wrong", address="192.0.2.1")
        for _ in range(SIGN_INS_PER_USER.burst):
            assert world.check("ann", PASSWORD, address="192.0.2.2")

    def test_one_that_is_refused_takes_nothing_of_an_address(self) -> None:
        world = World()
        for name in ("ann", "bob"):
            world.add(name)
        for _ in range(SIGN_INS_PER_USER.burst):
            world.check("ann", PASSWORD, address="192.0.2.1")
        for _ in range(SIGN_INS_PER_ADDRESS.burst):
            with pytest.raises(RateLimited):
                world.check("ann", PASSWORD, address="192.0.2.1")
        assert world.check("bob", PASSWORD, address="192.0.2.1")


class AllAtOnce(MemoryPasswords):
    """Nobody knows whether theirs is right before all have asked."""

    def __init__(self, number: int) -> None:
        self.asking = Barrier(number, timeout=60)

    def verify(self, password_hash: str | None, password: str) -> bool:
        self.asking.wait()
        return super().verify(password_hash, password)


def at_once(world: World, passwords: Sequence[str], *, name: str = "ann") -> Counter[type[NatterError | Credentials]]:
    """What came of attempts that were all under way at the same time."""
    check = replace(world.check, passwords=AllAtOnce(len(passwords)))
    with ThreadPoolExecutor(len(passwords)) as threads:
        return Counter(threads.map(lambda password: outcome(check, name, password), passwords))


def outcome(check: CheckPassword, name: str, password: str) -> type[NatterError | Credentials]:
    try:
        return type(check(name, password, address="192.0.2.1"))
    except NatterError as error:
        return type(error)


class TestAtTheSameTime:
    def test_right_ones_are_not_in_each_others_way(self) -> None:
        """More than a name may fail, and an address: a fleet of test clients, or a firm behind one address."""
        world = World()
        world.add("ann")
        many = 2 * FAILED_SIGN_INS_PER_ADDRESS.burst
        assert at_once(world, [PASSWORD] * many) == {Credentials: many}

    def test_as_many_guesses_are_answered_as_one_after_the_other(self) -> None:
        world = World()
        world.add("ann")
        answered = FAILED_SIGN_INS_PER_NAME.burst
        found = at_once(world, [f"wrong {number}" for number in range(40)])
        assert found == {BadCredentials: answered, RateLimited: 40 - answered}

    def test_whether_one_is_right_is_not_told_without_a_token(self) -> None:
        world = World()
        world.add("ann")
        check = replace(world.check, passwords=Outrun(world, "ann"))
        with pytest.raises(RateLimited):
            check("ann", PASSWORD, address="192.0.2.1")
        world.clock.advance(seconds=60)
        assert world.check("ann", PASSWORD, address="192.0.2.1"), "and it took nothing"

    def test_who_tries_many_at_once_waits_for_it(self) -> None:
        """Each is a hash of a password: they do not come again as soon as there is one token."""
        world = World()
        world.add("ann")
        at_once(world, ["wrong"] * 40)
        world.clock.advance(seconds=60)
        with pytest.raises(RateLimited):
            world.check("ann", "wrong", address="192.0.2.1")
        world.clock.advance(seconds=12)
        assert world.check("ann", PASSWORD, address="192.0.2.1")


class Outrun(MemoryPasswords):
    """While a password is looked at, others fail with so many that no token of the name is left."""

    def __init__(self, world: World, name: str) -> None:
        self._world, self._name = world, name

    def verify(self, password_hash: str | None, password: str) -> bool:
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(BadCredentials):
                self._world.check(self._name, "wrong", address="192.0.2.2")
        return super().verify(password_hash, password)


class Meanwhile(MemoryPasswords):
    """While this one is looked at, as many others have failed as may."""

    def __init__(self, world: World) -> None:
        self._world = world

    def verify(self, password_hash: str | None, password: str) -> bool:
        for _ in range(FAILED_SIGN_INS_PER_NAME.burst):
            with pytest.raises(BadCredentials):
                self._world.check("ann", "wrong", address="192.0.2.2")
        return super().verify(password_hash, password)


class TestWhoIsToldNothing:
    def test_leaves_nothing_that_tells_it_to_others_either(self) -> None:
        """How long the next has to wait is the same whether it was right or wrong."""
        waits = []
        for password in (PASSWORD, "wrong"):
            world = World()
            world.add("ann")
            with pytest.raises(RateLimited):
                replace(world.check, passwords=Meanwhile(world))("ann", password, address="192.0.2.1")
            with pytest.raises(RateLimited) as refused:
                world.check("ann", PASSWORD, address="192.0.2.3")
            waits.append(refused.value.retry_after_ms)
        assert waits[0] == waits[1]
