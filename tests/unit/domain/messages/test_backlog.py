from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.messages.backlog import (
    AWAY_MS,
    FRAME,
    LATE_MS,
    LEAST_MS,
    MOST_MS,
    PROMPT_MS,
    VALID_MS,
    Backlog,
    backlog,
    refused_share,
    retry_after_ms,
    stored_of,
)
from natter.domain.messages.commands import Record
from tests.backlogs import a_backlog, a_stored
from tests.messages import NOON, a_command, a_post
from tests.queueing import Queue, Talker, talkers

backlogs = st.builds(
    Backlog,
    partition=st.just(0),
    at=st.just(NOON),
    next_offset=st.just(7),
    items=st.integers(0, 10**6),
    granted=st.integers(0, 10**6),
    item_ms=st.floats(0, 10_000),
    added=st.integers(0, 10**6),
)
times = st.integers(NOON - 1000, NOON + 2 * VALID_MS)


def waiting(excess_ms: float) -> Backlog:
    return a_backlog(at=NOON, items=1000, item_ms=excess_ms / 1000)


class TestRefusedShare:
    @given(backlogs, times, st.integers(0, 10**6))
    def test_more_that_waits_never_lets_more_pass(self, known: Backlog, now: int, more: int) -> None:
        longer = replace(known, items=known.items + more)
        assert 0 <= refused_share(known, now) <= refused_share(longer, now) <= 1
        assert refused_share(replace(known, added=known.added + more), now) == refused_share(longer, now)

    @given(backlogs, times, st.integers(0, 10_000))
    def test_time_that_passes_never_refuses_more(self, known: Backlog, now: int, later: int) -> None:
        """Whoever leaves nothing any more has come to the end of it, or is away."""
        assert refused_share(known, max(now, NOON) + later) <= refused_share(known, max(now, NOON))

    @given(backlogs, times)
    def test_in_a_quiet_partition_nobody_is_refused(self, known: Backlog, now: int) -> None:
        """However slow its consumer is: as much as one frame holds is no backlog."""
        assert refused_share(replace(known, items=FRAME - known.added % FRAME, added=known.added % FRAME), now) == 0
        assert refused_share(None, now) == 0

    @given(backlogs, times)
    def test_for_what_came_while_the_consumer_was_away_nobody_is(self, known: Backlog, now: int) -> None:
        assert refused_share(replace(known, granted=known.items + known.added), now) == 0

    @given(backlogs, st.integers(VALID_MS + 1, 10**9))
    def test_an_outage_refuses_nobody(self, known: Backlog, later: int) -> None:
        """P9: the log accepts for who is away."""
        assert refused_share(known, NOON + later) == 0

    def test_it_rises_evenly_from_none_to_all(self) -> None:
        shares = [refused_share(waiting(ms), NOON) for ms in (0, LEAST_MS, 350, 500, 650, MOST_MS, 10 * MOST_MS)]
        assert shares == [0, 0, 0.25, 0.5, 0.75, 1, 1]

    def test_what_has_been_worked_off_meanwhile_does_not_count(self) -> None:
        assert refused_share(waiting(1000), NOON + 500) == 0.5


@given(backlogs, times)
def test_who_is_refused_comes_back_when_it_may_be_over_and_not_all_at_once(known: Backlog, now: int) -> None:
    first, middle, last = (retry_after_ms(known, now, draw) for draw in (0, 0.5, 1))
    assert 500 <= first < middle < last
    assert middle == round(max(1000, min(known.excess_ms(now), LATE_MS)))


def test_nobody_is_sent_away_for_minutes_because_one_batch_was_slow() -> None:
    """What is known of a partition is forgotten after seconds."""
    slow = backlog(a_stored(begun_at=NOON - 60_000, oldest_at=NOON - 60_000, newest_at=NOON - 500), 5000, None)
    assert retry_after_ms(slow, NOON, 1) <= 15_000


class TestBacklog:
    def test_says_what_waits_and_how_long_each_takes(self) -> None:
        assert backlog(a_stored(), 500, None) == Backlog(
            partition=3, at=NOON, next_offset=200, items=300, granted=0, item_ms=10
        )

    def test_waiting_for_its_turn_counts_if_it_goes_on_where_it_stopped(self) -> None:
        """Other partitions share the consumer; but as long as there was nothing to take, nothing has waited."""
        before = a_backlog(at=NOON - 1800, next_offset=200, item_ms=8.0)
        following = a_stored(first_offset=200, last_offset=299, begun_at=NOON - 10)
        assert backlog(following, 500, before).item_ms == pytest.approx((8 + 18) / 2)
        assert backlog(replace(following, oldest_at=NOON - 1200), 500, before).item_ms == pytest.approx((8 + 12) / 2)
        elsewhere = replace(following, first_offset=201, last_offset=300)
        assert backlog(elsewhere, 500, before).item_ms == pytest.approx((8 + 0.1) / 2)

    def test_what_was_accepted_since_is_counted_in_items(self) -> None:
        """Frames become fuller when people have to wait."""
        before = replace(backlog(a_stored(), 300, None), added=2000)
        following = a_stored(first_offset=200, last_offset=299, items=100)
        assert backlog(following, 400, before).items == 2000
        assert backlog(following, 310, before).items == 10 * FRAME
        assert backlog(following, 300, before).items == 0
        assert backlog(following, 300 + 3000, before).items == 3000

    def test_a_batch_of_one_says_little_of_how_long_many_take(self) -> None:
        alone = a_stored(last_offset=100, items=1)
        assert backlog(alone, 102, None).item_ms == 1000 / FRAME

    def test_after_an_absence_half_of_what_is_stored_has_to_be_of_what_waited(self) -> None:
        late = a_stored(newest_at=NOON - AWAY_MS - 1)
        known = backlog(late, 100_200, None)
        assert (known.items, known.granted) == (100_000, 100_000)
        again = a_stored(first_offset=200, last_offset=299, newest_at=NOON - AWAY_MS - 1)
        assert backlog(again, 100_200, known).granted == 99_900
        more = backlog(again, 100_290, replace(known, added=90))
        assert (more.items, more.granted) == (99_990, 99_950)
        assert more.excess_ms(NOON) == 40 * more.item_ms
        assert backlog(again, 1200, replace(known, items=1000)).granted == 900

    def test_who_was_left_something_a_moment_ago_was_not_away(self) -> None:
        late = a_stored(newest_at=NOON - AWAY_MS - 1)
        assert backlog(late, 300, a_backlog(at=NOON - VALID_MS)).granted == 0
        assert backlog(late, 300, a_backlog(at=NOON - VALID_MS - 1)).granted == 100

    def test_a_replay_is_no_progress(self) -> None:
        before = backlog(a_stored(), 500, None)
        assert backlog(a_stored(), 500, before).items == before.items


def test_a_batch_is_something_to_each_of_its_partitions() -> None:
    def a_record(partition: int, offset: int, items: int) -> Record:
        command = a_command(*(a_post(f"m{number}") for number in range(items)))
        return Record(command=command, epoch=1, partition=partition, offset=offset, at=NOON + offset)

    one, other = stored_of([a_record(1, 7, 2), a_record(2, 5, 1), a_record(1, 8, 3)], begun_at=NOON, at=NOON + 207)
    assert one == a_stored(
        partition=1,
        first_offset=7,
        last_offset=8,
        items=5,
        oldest_at=NOON + 7,
        newest_at=NOON + 8,
        begun_at=NOON,
        at=NOON + 207,
    )
    assert (other.partition, other.first_offset, other.last_offset, other.items) == (2, 5, 5, 1)


def test_a_partition_is_behind_if_what_was_stored_last_is_late() -> None:
    late = a_stored(newest_at=NOON - PROMPT_MS)
    assert late.is_behind
    assert not replace(late, newest_at=NOON - PROMPT_MS + 1).is_behind


class TestInTime:
    """A consumer that stores 1,000 messages a second, and people who do as clients are told."""

    @pytest.mark.parametrize("times_capacity", [1, 2, 4])
    def test_what_is_accepted_is_shown_in_time_and_the_consumer_has_always_work(self, times_capacity: float) -> None:
        queue = Queue(1000, talkers(40, rate=1000 * times_capacity)).run(20)
        waits = queue.waits()
        assert waits[-1] < 1.5
        assert len(waits) / 20 > 850

    def test_far_below_what_it_takes_nobody_is_refused(self) -> None:
        assert Queue(1000, talkers(40, rate=500)).run(20).refusals == []

    def test_neither_all_are_refused_nor_all_accepted_in_turns(self) -> None:
        """The consumer is seldom without anything to do, and each second some are refused."""
        queue = Queue(1000, talkers(40, rate=2000)).run(20)
        idle = [at for at, length in queue.lengths if at > 1 and length == 0]
        assert len(idle) < len(queue.lengths) / 5
        assert {int(at) for at in queue.refusals} >= set(range(2, 20))

    def test_everybody_is_refused_the_same_share_of_what_they_send(self) -> None:
        """So who sends more is refused more, in proportion."""
        many = [Talker(20.0) for _ in range(20)]
        few = [Talker(2.0) for _ in range(20)]
        Queue(200, [*many, *few]).run(60)
        shares = [sum(each.refused for each in some) / sum(each.offered for each in some) for some in (many, few)]
        assert shares[0] == pytest.approx(shares[1], abs=0.15)
        assert sum(each.refused for each in many) > sum(each.refused for each in few)

    def test_after_an_outage_what_leaves_room_is_accepted(self) -> None:
        queue = Queue(1000, talkers(40, rate=300), away=(2, 32)).run(60)
        assert queue.refusals == []
        assert [length for at, length in queue.lengths if at > 50][-1] < FRAME

    def test_after_an_outage_what_leaves_none_is_not(self) -> None:
        """It is worked off all the same, and nobody has to wait for longer than those before them."""
        queue = Queue(1000, talkers(40, rate=900), away=(2, 32)).run(110)
        assert min(queue.refusals) > 32
        assert [length for at, length in queue.lengths if at > 105][-1] < 100
        assert queue.waits(since=33)[-1] < 33
        assert queue.waits(since=108)[-1] < 1.5
