"""
Laws of write timestamps, under writers that overlap at will while what they write becomes too old for the store.

The model has one cell that is last-write-wins, which says how much of a log was folded into it. Writers read it, store
what follows from the next records, then move it on; each of these may take as long as it likes. One of them is given
what is not done yet, the others were given up and go on all the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.errors import Unavailable
from natter.domain.write_times import MARGIN_US, REACH_US, Horizon, write_time

SECOND_US = 1_000_000
DAY_US = 24 * 3600 * SECOND_US
GAPS_US = (1000, 400_000, 900_000, 2 * SECOND_US, 60 * SECOND_US, DAY_US // 2, DAY_US)
PAUSES_US = (1000, 10_000, 500_000, SECOND_US, 2 * MARGIN_US, DAY_US // 2)
SKEWS_US = (0, 0, 50_000, -50_000, DAY_US, -DAY_US)
RUNS = 10_000
times = st.integers(2, 20 * DAY_US)


class TestWriteTime:
    @given(times, times, st.just(0) | times)
    def test_it_is_later_than_what_was_before_and_than_what_is_refused(self, previous: int, at: int, to: int) -> None:
        stated = write_time(previous, at // 1000, to)
        assert stated > previous
        assert stated - 1 > to, "leftovers are removed a microsecond before it"

    @given(times, times)
    def test_it_is_the_logs_own_while_nothing_is_refused(self, previous: int, at: int) -> None:
        assert write_time(previous, at // 1000, 0) == max(previous + 1, at // 1000 * 1000)

    @given(times, times, times)
    def test_it_is_the_lowest_step_that_is_not_refused(self, previous: int, at: int, to: int) -> None:
        own, stated = write_time(previous, at // 1000, 0), write_time(previous, at // 1000, to)
        assert (stated - own) % REACH_US == 0
        assert stated == own or stated - 1 - REACH_US <= to

    @given(times, times)
    def test_what_the_store_has_refused_for_its_age_is_never_in_its_future(self, at: int, age: int) -> None:
        own = at // 1000 * 1000
        now = own + REACH_US + MARGIN_US + age
        assert write_time(own - 1, at // 1000, now - REACH_US - MARGIN_US) <= now - MARGIN_US + 1


class TestHorizon:
    NOW_MS = 10 * DAY_US // 1000

    def moved(self, oldest: int, first_taken: int) -> int:
        horizon = Horizon()
        horizon.move(oldest, LookupError(), now_ms=self.NOW_MS, takes=lambda written_at: written_at >= first_taken)
        return horizon.refused_to

    def test_it_moves_to_what_the_store_has_refused_for_a_while(self) -> None:
        assert self.moved(5 * DAY_US, 8 * DAY_US) == 8 * DAY_US - 2 * MARGIN_US

    def test_what_is_refused_since_a_moment_waits(self) -> None:
        with pytest.raises(Unavailable):
            self.moved(8 * DAY_US - MARGIN_US + 1, 8 * DAY_US)

    def test_what_is_refused_for_another_reason_stays_refused(self) -> None:
        with pytest.raises(LookupError):
            self.moved(9 * DAY_US, 8 * DAY_US)

    def test_a_clock_that_is_ahead_moves_it_no_further_than_the_store_says(self) -> None:
        """Of what the store still takes, another may be writing it."""
        with pytest.raises(LookupError):
            self.moved(5 * DAY_US, 4 * DAY_US)
        assert self.moved(3 * DAY_US, 4 * DAY_US) == 3 * DAY_US

    def test_nor_does_a_clock_that_is_behind_keep_it(self) -> None:
        assert self.moved(11 * DAY_US, 12 * DAY_US) == 11 * DAY_US

    def test_it_never_moves_back_nor_says_that_it_moved(self) -> None:
        """Whoever folds again because it has moved would do so for ever."""
        horizon = Horizon(refused_to=9 * DAY_US)
        with pytest.raises(Unavailable):
            horizon.move(5 * DAY_US, LookupError(), now_ms=self.NOW_MS, takes=lambda _: False)
        assert horizon.refused_to == 9 * DAY_US

    def test_what_is_refused_whatever_its_age_moves_it_twice_at_most(self) -> None:
        """Whoever folds again because it has moved would do so for ever, and state times of the far future."""
        horizon, own = Horizon(), self.NOW_MS * 1000

        def fold_again() -> None:
            stated = write_time(own - 1, own // 1000, horizon.refused_to)
            horizon.move(stated, LookupError(), now_ms=self.NOW_MS, takes=lambda _: False)

        fold_again()
        fold_again()
        with pytest.raises(LookupError):
            fold_again()
        assert horizon.refused_to <= own + REACH_US

    def test_what_one_node_refuses_and_another_takes_waits(self) -> None:
        """Their clocks are not one: it was for its age."""
        with pytest.raises(Unavailable):
            self.moved(8 * DAY_US + 1, 8 * DAY_US)


@dataclass
class Store:
    """What it takes depends on its clock, and so does nothing else here."""

    now: int
    folded: int = 0
    written_at: int = 0

    def takes(self, written_at: int) -> bool:
        return written_at >= self.now - REACH_US

    def look_at(self, written_at: int) -> None:
        if not self.takes(written_at):
            raise LookupError

    def put(self, folded: int, written_at: int) -> None:
        if written_at > self.written_at:
            assert folded >= self.folded, f"moved back from {self.folded} to {folded}"
            self.folded, self.written_at = folded, written_at


@dataclass(frozen=True)
class Ways:
    """How writers go about it: as the shipped code does, or not."""

    horizon: type[Horizon] = Horizon
    span_us: int = SECOND_US
    reads_again: bool = True
    stores_rows: bool = True
    """Before the cell, as the fold does; receipts are in the cell alone."""


@dataclass
class Writer:
    store: Store
    log: list[int]
    """The log's time of each record, microseconds."""
    end: int
    ways: Ways
    skew_us: int
    """How much its clock is ahead of the store's."""
    horizon: Horizon = field(init=False)

    def __post_init__(self) -> None:
        self.horizon = self.ways.horizon()

    def run(self) -> Iterator[None]:
        """Yields wherever it may be left; it has ended when all up to `end` is in the cell."""
        read = self.store.folded, self.store.written_at
        yield
        while read[0] < self.end:
            folded, stated = self._go(*read)
            try:
                for written_at in (*stated[: self.ways.stores_rows], stated[-1]):
                    yield
                    self.store.look_at(written_at)
            except LookupError as refusal:
                yield
                if self._is_moved(written_at, refusal) and not self.ways.reads_again:
                    continue
                yield
                read = self.store.folded, self.store.written_at
                continue
            self.store.put(folded, stated[-1])
            read = folded, stated[-1]

    def _go(self, folded: int, previous: int) -> tuple[int, list[int]]:
        """The records of less than a span, and their timestamps."""
        first, stated = self.log[folded], []
        while folded < self.end and self.log[folded] - first < self.ways.span_us:
            previous = write_time(previous, self.log[folded] // 1000, self.horizon.refused_to)
            stated.append(previous)
            folded += 1
        return folded, stated

    def _is_moved(self, oldest: int, refusal: Exception) -> bool:
        try:
            self.horizon.move(oldest, refusal, now_ms=(self.store.now + self.skew_us) // 1000, takes=self.store.takes)
        except Unavailable:
            return False
        return True


def fold(seed: int, ways: Ways) -> Store:
    """All of a log, which waits until it is nearly too old; raises if the cell ever moves back."""
    random = Random(seed)
    log = [10 * DAY_US]
    while len(log) < 6:
        log.append(log[-1] + random.choice(GAPS_US))
    store = Store(now=log[0] + REACH_US + random.randint(-3, 2) * SECOND_US)
    committed = 0
    current: tuple[int, Iterator[None]] | None = None
    given_up: list[tuple[int, Iterator[None]]] = []
    while committed < len(log) or given_up:
        if current is None and committed < len(log):
            end = random.randint(committed + 1, len(log))
            current = end, Writer(store, log, end, ways, random.choice(SKEWS_US)).run()
        end, writer = each = random.choice([*given_up, *([current] if current else [])])
        done = next(writer, "done") == "done"
        if each is current and done:
            committed, current = end, None
        elif each is current and random.random() < 0.1:
            given_up.append(each)
            current = None
        elif done:
            given_up.remove(each)
        store.now += random.choice(PAUSES_US)
    assert store.folded == len(log)
    return store


def first_wrong(ways: Ways) -> int | None:
    for seed in range(RUNS):
        try:
            fold(seed, ways)
        except AssertionError:
            return seed
    return None


class AtOnce(Horizon):
    """Does not wait until nobody writes any more with what was refused."""

    def move(self, oldest: int, refusal: Exception, *, now_ms: int, takes: Callable[[int], bool]) -> None:  # noqa: ARG002
        self.refused_to = max(self.refused_to, now_ms * 1000 - REACH_US - 1000, oldest)


class Ahead(Horizon):
    """Goes beyond what the store refuses."""

    def move(self, oldest: int, refusal: Exception, *, now_ms: int, takes: Callable[[int], bool]) -> None:
        super().move(oldest, refusal, now_ms=now_ms, takes=takes)
        self.refused_to += DAY_US // 2


PLANTED = {
    "younger at once": Ways(horizon=AtOnce),
    "younger than what is still taken": Ways(horizon=Ahead),
    "nothing read again": Ways(reads_again=False),
    "any length of the log in one go": Ways(span_us=9 * DAY_US),
    "receipts of any length together": Ways(span_us=9 * DAY_US, stores_rows=False),
}


class TestWriters:
    def test_the_fold_never_moves_back_and_comes_to_its_end(self) -> None:
        """P1, P9."""
        assert first_wrong(Ways()) is None

    def test_nor_do_cursors(self) -> None:
        """P6."""
        assert first_wrong(Ways(span_us=2 * SECOND_US, stores_rows=False)) is None

    @pytest.mark.parametrize("bug", PLANTED)
    def test_a_planted_bug_is_caught(self, bug: str) -> None:
        assert first_wrong(PLANTED[bug]) is not None
