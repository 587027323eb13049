from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.accounts.notifications import QuietHours

ZURICH = ZoneInfo("Europe/Zurich")
NIGHT = QuietHours(begins=time(22), ends=time(7), time_zone=ZURICH)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def local(hour: int, minute: int = 0, *, fold: int = 0, day: int = 12, month: int = 6) -> int:
    return ms(datetime(2026, month, day, hour, minute, fold=fold, tzinfo=ZURICH))


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(21, 59, False), (22, 0, True), (23, 30, True), (0, 0, True), (6, 59, True), (7, 0, False), (12, 0, False)],
)
def test_a_window_passes_midnight(hour: int, minute: int, quiet: bool) -> None:
    assert NIGHT.cover(local(hour, minute)) == quiet


@pytest.mark.parametrize(("hour", "quiet"), [(12, False), (13, True), (14, False)])
def test_a_window_within_a_day(hour: int, quiet: bool) -> None:
    assert QuietHours(begins=time(13), ends=time(14), time_zone=ZURICH).cover(local(hour)) == quiet


def test_one_that_begins_when_it_ends_is_the_whole_day() -> None:
    always = QuietHours(begins=time(9), ends=time(9), time_zone=ZURICH)

    assert all(always.cover(local(hour)) for hour in range(24))


def test_an_hour_that_summer_time_leaves_out_shortens_the_window() -> None:
    """On 29 March 2026 the clock goes from 02:00 to 03:00."""
    night = QuietHours(begins=time(1), ends=time(3, 30), time_zone=ZURICH)
    one = ms(datetime(2026, 3, 29, 0, tzinfo=UTC))  # 01:00

    covered = [night.cover(one + minutes * 60_000) for minutes in range(-60, 180)]

    assert sum(covered) == 90


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    """On 25 October 2026 the clock goes from 03:00 back to 02:00."""
    hour = QuietHours(begins=time(2), ends=time(3), time_zone=ZURICH)

    assert hour.cover(local(2, 30, day=25, month=10))
    assert hour.cover(local(2, 30, day=25, month=10, fold=1))
    assert sum(hour.cover(ms(datetime(2026, 10, 24, 22, tzinfo=UTC)) + m * 60_000) for m in range(360)) == 120


@given(st.times(), st.times(), st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)))  # noqa: DTZ001 -- made aware below
def test_every_moment_is_in_a_window_or_in_the_one_that_is_left(begins: time, ends: time, at: datetime) -> None:
    moment = ms(at.replace(tzinfo=UTC))
    window = QuietHours(begins=begins, ends=ends, time_zone=ZURICH)
    rest = QuietHours(begins=ends, ends=begins, time_zone=ZURICH)

    assert window.cover(moment) != rest.cover(moment) or begins == ends


def test_a_window_is_as_long_every_day_that_has_24_hours() -> None:
    midnight = datetime(2026, 6, 1, tzinfo=ZURICH)

    for day in range(20):
        begin = ms(midnight + timedelta(days=day))
        assert sum(NIGHT.cover(begin + minute * 60_000) for minute in range(24 * 60)) == 9 * 60
