"""A partition, its consumer and people who talk, in time that is made up: what admission makes of their load."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from natter.domain.messages.backlog import FRAME, Backlog, Stored, backlog, refused_share, retry_after_ms

BATCH = 100
"""Records."""
TRIP_S = 0.01
"""From a client until it has its answer."""
OVERHEAD_S = 0.02
"""Of a batch."""


@dataclass
class Talker:
    """Has one frame under way; what piles up goes into the next."""

    rate: float
    """Messages a second."""
    said: list[float] = field(default_factory=list)
    is_under_way: bool = False
    held_until: float = 0.0
    failures: int = 0
    offered: int = 0
    refused: int = 0
    """Frames."""


@dataclass
class Queue:
    """
    Args:
        capacity: messages a second that the consumer stores.
        away: from when until when it is not there, seconds.
    """

    capacity: float
    talkers: list[Talker]
    away: tuple[float, float] = (0.0, 0.0)
    random: Random = field(default_factory=lambda: Random(1))
    now: float = 0.0
    known: Backlog | None = None
    shown: list[tuple[float, float]] = field(default_factory=list)
    """When each message was shown, and how long after it was in the log (seconds)."""
    refusals: list[float] = field(default_factory=list)
    """When."""
    lengths: list[tuple[float, int]] = field(default_factory=list)
    """How many records were left when a batch was done."""
    _log: list[tuple[float, int]] = field(default_factory=list)
    _position: int = 0
    _is_busy: bool = False
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def run(self, seconds: float) -> "Queue":
        for talker in self.talkers:
            self._say_later(talker)
        self._at(self.away[1], self._take)
        while self._events and self._events[0][0] < seconds:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        return self

    def waits(self, since: float = 0.0) -> list[float]:
        """Sorted."""
        return sorted(wait for at, wait in self.shown if at >= since)

    def _at(self, when: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), happen))

    def _say_later(self, talker: Talker) -> None:
        self._at(self.now + self.random.expovariate(talker.rate), lambda: self._say(talker))

    def _say(self, talker: Talker) -> None:
        talker.said.append(self.now)
        self._say_later(talker)
        self._flush(talker)

    def _flush(self, talker: Talker) -> None:
        if talker.said and not talker.is_under_way and talker.held_until <= self.now:
            talker.is_under_way = True
            self._at(self.now + TRIP_S / 2, lambda: self._arrive(talker))

    def _arrive(self, talker: Talker) -> None:
        now = self._ms(self.now)
        talker.offered += 1
        if self.known is not None and self.random.random() < refused_share(self.known, now):
            talker.refused += 1
            self.refusals.append(self.now)
            wait_s = retry_after_ms(self.known, now, self.random.random()) / 1000
            talker.held_until = self.now + wait_s + self.random.random() * min(30, 0.5 * 2**talker.failures)
            talker.failures += 1
            self._at(talker.held_until, lambda: self._answered(talker))
            return
        talker.failures = 0
        items = min(FRAME, len(talker.said))
        del talker.said[:items]
        if self.known is not None:
            self.known = replace(self.known, added=self.known.added + items)
        self._log.append((self.now, items))
        self._at(self.now + TRIP_S / 2, lambda: self._answered(talker))
        self._take()

    def _answered(self, talker: Talker) -> None:
        talker.is_under_way = False
        self._flush(talker)

    def _take(self) -> None:
        if self._is_busy or self._position == len(self._log) or self.away[0] <= self.now < self.away[1]:
            return
        self._is_busy = True
        batch, begun = self._log[self._position : self._position + BATCH], self.now
        took = OVERHEAD_S + sum(items for _, items in batch) / self.capacity
        self._at(self.now + took, lambda: self._done(batch, begun))

    def _done(self, batch: list[tuple[float, int]], begun: float) -> None:
        self._is_busy = False
        first, self._position = self._position, self._position + len(batch)
        self.shown += [(self.now, self.now - at) for at, items in batch for _ in range(items)]
        self.lengths.append((self.now, len(self._log) - self._position))
        stored = Stored(
            partition=0,
            first_offset=first,
            last_offset=self._position - 1,
            items=sum(items for _, items in batch),
            oldest_at=self._ms(batch[0][0]),
            newest_at=self._ms(batch[-1][0]),
            begun_at=self._ms(begun),
            at=self._ms(self.now),
        )
        if stored.is_behind:
            self.known = backlog(stored, len(self._log), self.known)
        self._take()

    @staticmethod
    def _ms(seconds: float) -> int:
        return round(seconds * 1000)


def talkers(number: int, *, rate: float) -> list[Talker]:
    """All together say so much."""
    return [Talker(rate / number) for _ in range(number)]
