"""A session ends at every point of a connect, and a connection is made at every point of an end: none stays open."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from natter.domain.errors import Unauthenticated
from natter.usecases.accounts.authenticate import CheckSession
from natter.usecases.accounts.connect import Connect
from natter.usecases.accounts.end_session import EndSession
from tests.identity import World, a_connection, a_sign_in
from tests.memory.logs import MemoryConnectionLog

CONNECT_STEPS = 6
"""Most calls to the outside of one connect: register, cache, database, cache, then log or unregister."""
END_STEPS = 5
"""Calls to the outside of one end: database, cache, registry, post, close."""


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


class Race:
    def __init__(self, *, cached: bool) -> None:
        self.world = World()
        self.world.add("ann")
        self.ann = self.world.sign_in(a_sign_in("ann")).principal
        if cached:
            self.world.check_session(self.ann.session_id)
        self.refused = False

    def connect(self, through: Callable[[Any], Any] = lambda port: port) -> None:
        world = self.world
        connect = Connect(
            connections=through(world.sockets),
            check_session=CheckSession(states=through(world.states), sessions=through(world.sessions)),
            traces=through(world.traces),
            log=through(MemoryConnectionLog()),
            now_ms=world.clock,
        )
        try:
            connect(a_connection(self.ann, "phone"))
        except Unauthenticated:
            self.refused = True

    def end(self, through: Callable[[Any], Any] = lambda port: port) -> None:
        plain = self.world.end_session
        close = replace(plain.close, connections=through(plain.close.connections), gateway=through(plain.close.gateway))
        EndSession(sessions=through(plain.sessions), states=through(plain.states), close=close, clock=self.world.clock)(
            self.ann
        )


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

    def test_all_steps_are_tried(self, cached: bool) -> None:
        race = Race(cached=cached)
        connecting, ending = (Interruption(-1, race.end) for _ in range(2))
        race.connect(connecting)
        race.end(ending)
        assert connecting.calls == (4 if cached else CONNECT_STEPS)
        assert ending.calls == END_STEPS

    @pytest.mark.parametrize("at", range(END_STEPS))
    def test_a_ticket_or_a_token_during_it(self, at: int, cached: bool) -> None:
        """From the moment that the end is known to the cache, neither opens anything."""
        race = Race(cached=cached)
        signed_in = race.world.sign_in(a_sign_in("ann"))
        race.ann = signed_in.principal
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
