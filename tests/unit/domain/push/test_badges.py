from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from natter.domain.push.badges import PACE_MS, STEP_MS, told_at
from tests.messages import NOON


def test_one_is_told_at_once_and_then_once_more_when_the_minute_is_over() -> None:
    assert told_at(None, NOON) == NOON
    later = told_at(NOON, NOON + 1)
    assert later == NOON + PACE_MS
    assert told_at(later, NOON + 2) is None
    assert told_at(later, later) == later + PACE_MS
    assert told_at(later, later + PACE_MS) == later + PACE_MS


@given(st.lists(st.integers(0, 2 * PACE_MS), max_size=50))
def test_nothing_that_is_read_is_left_untold_and_nobody_is_told_more_often_than_may_be(gaps: list[int]) -> None:
    now, told, last = NOON, list[int](), None
    for gap in gaps:
        now += gap
        at = told_at(last, now)
        if at is not None:
            assert at >= now
            told.append(at)
            last = at
        assert last is not None
        assert now <= last < now + PACE_MS + STEP_MS  # of what was read now as well
    assert all(after - before >= PACE_MS for before, after in pairwise(told))
