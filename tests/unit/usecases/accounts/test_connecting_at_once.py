"""
All devices of somebody who may have no more lose their connections at once and come again, in simulated time: clients
as the SDKs are, functions that have to start first, a gateway that has an end told when somebody is free to be told.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest

from natter.domain.connections import MAX_CONNECTIONS, Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.domain.errors import RateLimited, Unavailable
from natter.domain.ids import ConnectionId
from natter.ports.delivery import Gateway
from natter.usecases.accounts.connect import Connect, Disconnect
from tests.identity import World, a_connection, a_sign_in
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemoryClosureQueue
from tests.memory.logs import MemoryConnectionLog

SEEDS = 40
PATIENCE_MS = 15_000
"""Of a client: for a ticket and the upgrade together."""
TICKET_MS = 4_000
STARTS_MS = (8_000, 16_000)
TAKES_MS = 500
"""What of a function is between two that it is asked for: others come by the same."""
WAITS_MS = 21_000
"""Of the gateway: for the authorizer, then for `connect`."""
TOLD_WITHIN_MS = 29_000
FIRST_MS, LONGEST_MS = 500, 30_000
CLOSED_AGAIN_MS = 2_000


@dataclass
class Attempt:
    failures: int
    is_over: bool = False
    """Its client has been answered, or waits no longer."""


class Function:
    """It has to start, and does one thing at a time."""

    def __init__(self, starts_at: int) -> None:
        self._free_at = starts_at

    def turn(self, now: int) -> int:
        """In how long whoever asks now has its turn."""
        begins = max(now, self._free_at)
        self._free_at = begins + TAKES_MS
        return begins - now


class Storm:
    """`run` tells how many connections that lived had to give way."""

    def __init__(self, seed: int) -> None:
        world = World()
        world.add("ann")
        self.phone = a_connection(world.sign_in(a_sign_in("ann")).principal, "phone")
        self.clock, self.random = world.clock, Random(seed)
        self.registry, self.closures = MemoryConnections(), MemoryClosureQueue()
        self.closing = replace(world.close, connections=self.registry, gateway=self, queue=self.closures)
        log = MemoryConnectionLog()
        self.connecting = Connect(
            connections=self.registry,
            check_session=world.check_session,
            close=self.closing,
            traces=world.traces,
            log=log,
            now_ms=self.clock,
        )
        self.disconnecting = Disconnect(connections=self.registry, traces=world.traces, log=log, now_ms=self.clock)
        self.connect, self.disconnect = (Function(self.clock() + self.random.randrange(*STARTS_MS)) for _ in range(2))
        self.open: dict[Connection, Attempt] = {}
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        self.made = self.gave_way = 0

    def run(self) -> int:
        for each in [self._connection(ago_ms=60_000 + number) for number in range(MAX_CONNECTIONS)]:
            self.registry.register(each)
            self._ended(each)
            self._again(Attempt(failures=0))
        while self.due:
            self.clock.now, _, step = heapq.heappop(self.due)
            step()
        assert len(self.open) == MAX_CONNECTIONS
        assert set(self.registry.of([self.phone.user_id])[self.phone.user_id]) == set(self.open)
        return self.gave_way

    def _in(self, ms: int, step: Callable[[], None]) -> None:
        self.made += 1
        heapq.heappush(self.due, (self.clock() + ms, self.made, step))

    def _connection(self, *, ago_ms: int = 0) -> Connection:
        self.made += 1
        at = self.clock() - ago_ms
        return replace(self.phone, connection_id=ConnectionId(f"c{self.made}"), connected_at=at)

    # clients

    def _again(self, before: Attempt) -> None:
        bound = min(LONGEST_MS, FIRST_MS * 2**before.failures)
        self._in(self.random.randrange(bound), lambda: self._attempt(Attempt(before.failures + 1)))

    def _attempt(self, attempt: Attempt) -> None:
        self._in(PATIENCE_MS, lambda: self._failed(attempt))
        self._in(self.random.randrange(TICKET_MS), lambda: self._upgrade(attempt))

    def _failed(self, attempt: Attempt) -> None:
        if not attempt.is_over:
            attempt.is_over = True
            self._again(attempt)

    # the gateway

    def _upgrade(self, attempt: Attempt) -> None:
        connection, wait_ms = self._connection(), self.connect.turn(self.clock())
        if wait_ms > WAITS_MS:
            self._in(WAITS_MS, lambda: self._failed(attempt))
        else:
            self._in(wait_ms, lambda: self._begin(attempt, connection))

    def _begin(self, attempt: Attempt, connection: Connection) -> None:
        try:
            self.connecting(connection)
        except (Unavailable, RateLimited):
            self._failed(attempt)
        else:
            if attempt.is_over:
                self._ended(connection)
            else:
                attempt.is_over = True
                self.open[connection] = attempt
        self._in(CLOSED_AGAIN_MS, self._close_again)

    def _close_again(self) -> None:
        for each in self.closures.take():
            self.closing.again(each)

    def _ended(self, connection: Connection) -> None:
        wait_ms = self.disconnect.turn(self.clock())
        if wait_ms <= TOLD_WITHIN_MS:
            self._in(wait_ms, lambda: self.disconnecting(connection))

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        raise AssertionError(f"nobody is told anything: {posts}, {budget_s}")

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        return [self._close(each) for each in connections]

    def _close(self, connection: Connection) -> Closing:
        if connection not in self.open:
            return Closing.GONE
        self.gave_way += 1
        self._again(self.open.pop(connection))
        self._ended(connection)
        return Closing.CLOSED


_: type[Gateway] = Storm


def test_nobody_who_is_there_gives_way_to_somebody_who_has_given_up() -> None:
    assert [Storm(seed).run() for seed in range(SEEDS)] == [0] * SEEDS


def test_else_those_who_are_there_would_go_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that lives and gives way comes again, and takes the place of the next."""
    monkeypatch.setattr("natter.domain.connections.GIVEN_UP_MS", 10 * PATIENCE_MS)
    assert sum(Storm(seed).run() for seed in range(SEEDS)) > SEEDS
