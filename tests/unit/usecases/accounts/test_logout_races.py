"""A session ends at every point of a connect, and a connection is made at every point of an end: none stays open."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from natter.domain.connections import UPGRADE_MS, Closing, Connection
from natter.domain.errors import Unauthenticated
from natter.usecases.accounts.authenticate import CheckSession
from natter.usecases.accounts.connect import Connect
from natter.usecases.accounts.end_session import CloseEnded, EndSession
from natter.usecases.signals.ping import Ping
from tests.identity import NOON, World, a_connection, a_sign_in
from tests.memory.logs import MemoryConnectionLog

CONNECT_STEPS = 6
"""Most calls to the outside of one connect: register, cache, database, cache, then log or unregister."""
END_STEPS = 6
"""Calls to the outside of one end: database, cache, registry, post, close, registry."""
AFTER_ALL = CONNECT_STEPS + 1
"""When the function has answered, and the client does not know it yet."""


@dataclass
class Interruption:
    """Does something else before the call with this number to any of the ports that go through it."""

    at: int
    what: Callable[[], None]
    calls: int = 0

    def __call__(self, port: Any) -> Any:
        return Interrupted(port, self)

    def step(self) -> None:
        self.calls += 1
        if self.calls == self.at + 1:
            self.what()


class Interrupted:
    def __init__(self, port: Any, by: Interruption) -> None:
        self.port, self.by = port, by

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.by.step()
            return method(*arguments, **named)

        return call


class GoneIsClosed:
    """A planted bug: what the gateway does not know is taken for closed, whenever that is."""

    def __init__(self, gateway: Any) -> None:
        self.post = gateway.post
        self._gateway = gateway

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        self._gateway.close(connections)
        return [Closing.CLOSED] * len(connections)


class Race:
    def __init__(self, *, cached: bool, careless: bool = False) -> None:
        """`careless`: with the planted bugs."""
        self.careless = careless
        self.world = World()
        self.world.add("ann")
        self.ann = self.world.sign_in(a_sign_in("ann")).principal
        if cached:
            self.world.check_session(self.ann.session_id)
        self.phone = a_connection(self.ann, "phone")
        self.refused = False
        self.world.sockets.register(a_connection(self.ann, "tablet"))  # there is always something to be closed

    def connect_slowly(self, through: Callable[[Any], Any] = lambda port: port) -> None:
        """The gateway knows nothing of the connection until its function has answered, and its client has that."""
        self.world.sockets.upgrading.append(self.phone)
        self.connect(through)

    def ping(self) -> None:
        world = self.world
        untouched: Any = lambda _: None  # noqa: E731 - asks nobody
        ping = Ping(
            connections=world.sockets.registry,
            check_session=untouched if self.careless else world.check_session,
            close=world.close,
            traces=world.traces,
            log=MemoryConnectionLog(),
            now_ms=world.clock,
        )
        with suppress(Unauthenticated):
            ping(self.phone)

    def upgrade(self) -> None:
        if not self.refused:
            self.world.sockets.upgraded(self.phone)

    def connect(self, through: Callable[[Any], Any] = lambda port: port) -> None:
        world = self.world
        connect = Connect(
            connections=through(world.sockets),
            check_session=CheckSession(
                states=through(world.states), sessions=through(world.sessions), now_ms=world.clock
            ),
            close=world.close,
            traces=through(world.traces),
            log=through(MemoryConnectionLog()),
            now_ms=world.clock,
        )
        try:
            connect(self.phone)
        except Unauthenticated:
            self.refused = True
            self.world.sockets.refuse(self.phone)

    def end(self, through: Callable[[Any], Any] = lambda port: port) -> None:
        plain = self.world.end_session
        registry, gateway = through(self.world.sockets), through(self.world.sockets)
        gateway = GoneIsClosed(gateway) if self.careless else gateway
        close = CloseEnded(connections=registry, close=replace(self.world.close, connections=registry, gateway=gateway))
        EndSession(
            sessions=through(plain.sessions), states=through(plain.states), close=close, now_ms=self.world.clock
        )(self.ann)


def known_from(*, cached: bool) -> int:
    """The database knows first; a cached "live" hides that until the cache knows."""
    return 2 if cached else 1


@pytest.mark.parametrize("cached", [True, False])
class TestLogoutMeanwhile:
    @pytest.mark.parametrize("at", range(CONNECT_STEPS))
    def test_during_a_connect(self, at: int, cached: bool) -> None:
        """Either the connection is refused, or it was there to be closed."""
        race = Race(cached=cached)
        during = Interruption(at, race.end)
        race.connect(during)
        if during.calls <= at:
            race.end()  # the connect had fewer steps
        assert race.world.sockets.open == []

    @pytest.mark.parametrize("at", range(END_STEPS))
    def test_a_connect_during_it(self, at: int, cached: bool) -> None:
        race = Race(cached=cached)
        during = Interruption(at, race.connect)
        race.end(during)
        assert race.world.sockets.open == []
        assert race.refused == (at >= known_from(cached=cached))

    def test_a_gone_that_counts_as_closed_is_noticed(self, cached: bool) -> None:
        """Asked too early, the gateway knows nothing: the connection lives on, and receives everything."""
        race = Race(cached=cached, careless=True)
        race.connect_slowly()
        race.end()
        race.upgrade()
        race.world.close_again()
        assert race.phone in race.world.sockets.open

    def test_a_ping_that_asks_nobody_is_noticed(self, cached: bool) -> None:
        """What was lost is registered again, of a session that is over."""
        race = Race(cached=cached, careless=True)
        race.connect()
        race.world.sockets.registry.lose()
        race.end()
        race.ping()
        assert race.world.sockets.of([race.ann.user_id]) != {}

    @pytest.mark.parametrize("at", [*range(CONNECT_STEPS), AFTER_ALL])
    def test_during_a_connect_whose_upgrade_takes_long(self, at: int, cached: bool) -> None:
        """
        The end finds the connection, and the gateway says that there is none: it is closed as soon as there is. What
        was a connection for a moment was registered no more.
        """
        race = Race(cached=cached)
        during = Interruption(at, race.end)
        race.connect_slowly(during)
        if during.calls <= at:
            race.end()
        race.upgrade()
        assert race.world.sockets.of([race.ann.user_id]) == {}
        race.world.close_again()
        assert race.world.sockets.open == []

    @pytest.mark.parametrize("at", range(END_STEPS))
    def test_a_slow_connect_during_it(self, at: int, cached: bool) -> None:
        race = Race(cached=cached)
        race.end(Interruption(at, race.connect_slowly))
        race.upgrade()
        race.world.close_again()
        assert race.world.sockets.open == []
        assert race.world.sockets.of([race.ann.user_id]) == {}

    def test_the_upgrade_may_take_half_a_minute(self, cached: bool) -> None:
        """Later each time, the gateway is asked again; what it does not know after that, it will never know."""
        race = Race(cached=cached)
        race.connect_slowly()
        race.end()
        attempts = 0
        while race.world.closures.closures:
            (delay_s,) = race.world.closures.delays_s
            race.world.clock.advance(seconds=delay_s)
            race.world.close_again()
            attempts += 1
        assert UPGRADE_MS <= race.world.clock() - NOON <= 2 * UPGRADE_MS + 1000
        assert attempts <= 6

    @pytest.mark.parametrize("lost", [True, False])
    @pytest.mark.parametrize("at", range(END_STEPS))
    def test_a_ping_during_it(self, at: int, lost: bool, cached: bool) -> None:
        """Also where the cache has lost what it knew: who registers again asks whether the session lives."""
        race = Race(cached=cached)
        race.connect()
        if lost:
            race.world.sockets.registry.lose()
            race.world.states.lose()
        race.end(Interruption(at, race.ping))
        race.ping()
        assert race.world.sockets.of([race.ann.user_id]) == {}
        assert race.phone not in race.world.sockets.open

    def test_all_steps_are_tried(self, cached: bool) -> None:
        race = Race(cached=cached)
        connecting, ending = (Interruption(-1, race.end) for _ in range(2))
        race.connect(connecting)
        race.end(ending)
        assert connecting.calls == (4 if cached else CONNECT_STEPS)
        assert ending.calls == END_STEPS + 1  # there are two to be forgotten

    @pytest.mark.parametrize("at", range(END_STEPS))
    def test_a_ticket_or_a_token_during_it(self, at: int, cached: bool) -> None:
        """From the moment that the end is known to the cache, neither opens anything."""
        race = Race(cached=cached)
        signed_in = race.world.sign_in(a_sign_in("ann"))
        race.ann = signed_in.principal
        race.world.sockets.register(a_connection(race.ann, "another"))
        if cached:
            race.world.check_session(race.ann.session_id)
        ticket = race.world.issue_ticket(race.ann).ticket
        refused: list[str] = []

        def try_both() -> None:
            attempts: dict[str, Callable[[], object]] = {
                "ticket": lambda: race.world.redeem_ticket(ticket),
                "token": lambda: race.world.authenticate(f"Bearer {signed_in.access_token}"),
            }
            for name, attempt in attempts.items():
                try:
                    attempt()
                except Unauthenticated:
                    refused.append(name)

        race.end(Interruption(at, try_both))
        assert refused == (["ticket", "token"] if at >= known_from(cached=cached) else [])
