import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from local.sources.expressions import due

NOW = datetime(2026, 11, 24, 10, 7, 30, tzinfo=UTC)
"""A Tuesday."""


def following(expression: str, *, timezone: str = "UTC", after: datetime = NOW, count: int = 1) -> list[str]:
    upcoming, found, moment = due(expression, timezone=timezone, began=NOW), [], after
    for _ in range(count):
        following = upcoming(moment)
        assert following is not None
        assert following > moment
        moment = following
        found.append(following.strftime("%Y-%m-%dT%H:%M:%S"))
    return found


class TestRate:
    @pytest.mark.parametrize(
        ("expression", "interval"),
        [
            ("rate(1 minute)", timedelta(minutes=1)),
            ("rate(5 minutes)", timedelta(minutes=5)),
            ("rate(1 hour)", timedelta(hours=1)),
            ("rate(7 days)", timedelta(days=7)),
        ],
    )
    def test_counts_from_the_beginning(self, expression: str, interval: timedelta) -> None:
        upcoming = due(expression, began=NOW)
        assert upcoming(NOW) == NOW + interval
        assert upcoming(NOW + interval) == NOW + 2 * interval
        assert upcoming(NOW + 10 * interval - timedelta(seconds=1)) == NOW + 10 * interval


class TestCron:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("cron(* * * * ? *)", "2026-11-24T10:08:00"),
            ("cron(0/15 * * * ? *)", "2026-11-24T10:15:00"),
            ("cron(0 9 ? * MON-FRI *)", "2026-11-25T09:00:00"),
            ("cron(5 4 ? * 1 *)", "2026-11-29T04:05:00"),  # 1 is Sunday
            ("cron(0 0 L * ? *)", "2026-11-30T00:00:00"),
            ("cron(0 8 1W * ? *)", "2026-12-01T08:00:00"),
            ("cron(0 8 ? * 6#3 *)", "2026-12-18T08:00:00"),  # the third Friday
            ("cron(0 8 ? * 6L *)", "2026-11-27T08:00:00"),  # the last Friday
            ("cron(0 12 29 2 ? *)", "2028-02-29T12:00:00"),
            ("cron(7 10 * * ? *)", "2026-11-25T10:07:00"),  # this minute has begun
            ("cron(0 10 1 JAN ? 2030-2035)", "2030-01-01T10:00:00"),
        ],
    )
    def test_next_time(self, expression: str, expected: str) -> None:
        assert following(expression) == [expected]

    def test_times_follow_each_other(self) -> None:
        assert following("cron(0 9,17 ? * TUE,WED *)", count=3) == [
            "2026-11-24T17:00:00",
            "2026-11-25T09:00:00",
            "2026-11-25T17:00:00",
        ]

    def test_there_may_be_none_any_more(self) -> None:
        assert due("cron(0 10 1 1 ? 2020)", began=NOW)(NOW) is None

    def test_is_the_wall_clock_of_its_time_zone(self) -> None:
        assert following("cron(0 9 * * ? *)", timezone="Europe/Berlin") == ["2026-11-25T08:00:00"]
        summer = datetime(2026, 7, 1, tzinfo=UTC)
        assert following("cron(0 9 * * ? *)", timezone="Europe/Berlin", after=summer) == ["2026-07-01T07:00:00"]

    def test_time_that_comes_twice_is_due_once(self) -> None:
        """Clocks in Berlin go back from 03:00 to 02:00 on 2026-10-25, at 01:00 UTC."""
        before = datetime(2026, 10, 24, 12, tzinfo=UTC)
        times = following("cron(30 2 * * ? *)", timezone="Europe/Berlin", after=before, count=2)
        assert times == ["2026-10-25T00:30:00", "2026-10-26T01:30:00"]

    def test_goes_on_within_the_hour_that_comes_twice(self) -> None:
        again = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15 for the second time
        times = following("cron(0/30 * * * ? *)", timezone="Europe/Berlin", after=again, count=3)
        assert all(first < second for first, second in pairwise(times))
        assert times[0] == "2026-10-25T02:00:00"


class TestAt:
    def test_is_due_once(self) -> None:
        upcoming = due("at(2027-01-31T12:00:00)", timezone="Europe/Berlin", began=NOW)
        moment = datetime(2027, 1, 31, 11, tzinfo=UTC)
        assert upcoming(NOW) == moment
        assert upcoming(moment) is None


class TestInvalid:
    @pytest.mark.parametrize(
        "expression",
        [
            "5 minutes",
            "rate(0 minutes)",
            "rate(5 seconds)",
            "cron(0 9 * * * *)",  # one of the two days has to be `?`
            "cron(0 9 * * ?)",
            "cron(61 9 * * ? *)",
            "at(tomorrow)",
        ],
    )
    def test_is_refused_by_name(self, expression: str) -> None:
        with pytest.raises(ValueError, match=re.escape(repr(expression))):
            due(expression, began=NOW)

    def test_unknown_time_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Europe/Atlantis"):
            due("cron(0 9 * * ? *)", timezone="Europe/Atlantis", began=NOW)
