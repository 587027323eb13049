from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.metrics.evaluation import COMPARISONS, few_samples, judge, looked_at
from local.model import Alarm, MetricStat

MISSING: tuple[Literal["missing", "ignore", "breaching", "notBreaching"], ...] = (
    "missing",
    "ignore",
    "breaching",
    "notBreaching",
)


def an_alarm(statistic: str = "Sum", **more: Any) -> Alarm:
    stat = MetricStat(namespace="Shop", name="Errors", dimensions=(), period_s=60, statistic=statistic)
    settings: dict[str, Any] = {"operator": "GreaterThanThreshold", "threshold": 0, "periods": 3, "datapoints": 3}
    return Alarm(name="late", metrics={"m": stat}, watched="m", **settings | more)


def drawn(points: str) -> list[float | None]:
    """As AWS draws them: 0 within the threshold, X beyond, - missing; the newest on the right."""
    return [{"0": 0.0, "X": 1.0, "-": None}[point] for point in points.split()]


def states(points: str, **settings: Any) -> list[str | None]:
    """For each way to treat missing data; None: stays as it is."""
    return [judge(an_alarm(missing=way, **settings), drawn(points), samples=9).state for way in MISSING]


OK, ALARM, UNKNOWN, SAME = "OK", "ALARM", "INSUFFICIENT_DATA", None


class TestMissingData:
    """The tables of AWS's documentation, and what its text says beside them."""

    @pytest.mark.parametrize(
        ("points", "expected"),
        [
            ("0 - X - X", [OK, OK, OK, OK]),
            ("0 - - - -", [OK, OK, OK, OK]),
            ("- - - - -", [UNKNOWN, SAME, ALARM, OK]),
            ("0 X X - X", [ALARM, ALARM, ALARM, ALARM]),
            ("- - X - -", [ALARM, SAME, ALARM, OK]),
            ("X - - - -", [ALARM, SAME, ALARM, OK]),
            ("- - - - X", [UNKNOWN, SAME, ALARM, OK]),
            ("- - - X -", [UNKNOWN, SAME, ALARM, OK]),
            ("- - - X 0", [OK, OK, OK, OK]),
        ],
    )
    def test_3_of_3(self, points: str, expected: list[str | None]) -> None:
        assert states(points) == expected

    @pytest.mark.parametrize(
        ("points", "expected"),
        [
            ("0 - X - X", [ALARM, ALARM, ALARM, ALARM]),
            ("0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]),
            ("0 - X - -", [OK, OK, ALARM, OK]),
            ("- - - - 0", [OK, OK, ALARM, OK]),
            ("- - - X -", [ALARM, SAME, ALARM, OK]),
            ("- - - - X", [UNKNOWN, SAME, ALARM, OK]),
        ],
    )
    def test_2_of_3(self, points: str, expected: list[str | None]) -> None:
        assert states(points, datapoints=2) == expected

    def test_5_data_points_are_looked_at_for_3(self) -> None:
        assert looked_at(3) == 5
        assert looked_at(1) > 1


class TestThreshold:
    @pytest.mark.parametrize(
        ("operator", "expected"),
        [
            ("GreaterThanThreshold", [OK, OK, ALARM]),
            ("GreaterThanOrEqualToThreshold", [OK, ALARM, ALARM]),
            ("LessThanThreshold", [ALARM, OK, OK]),
            ("LessThanOrEqualToThreshold", [ALARM, ALARM, OK]),
        ],
    )
    def test_operators(self, operator: str, expected: list[str]) -> None:
        alarm = an_alarm(operator=operator, threshold=5, periods=1, datapoints=1)
        assert [judge(alarm, [None, None, point], samples=1).state for point in (4.0, 5.0, 6.0)] == expected

    def test_reason_says_which_values_were_beyond_what(self) -> None:
        alarm = an_alarm(threshold=2.5, datapoints=2)
        assert judge(alarm, [0, 9, 1, 3, 4], samples=5).reason == (
            "2 of the datapoints [1, 3, 4] were greater than the threshold (2.5); 2 of 3 make an alarm"
        )


class TestFewSamples:
    @pytest.mark.parametrize(("percent", "few"), [(99, 1000), (50, 20), (10, 100), (100, 0)])
    def test_depend_on_the_percentile(self, percent: float, few: float) -> None:
        assert few_samples(percent) == pytest.approx(few)

    def test_are_ignored_if_the_alarm_says_so(self) -> None:
        points = [1.0] * 5
        assert judge(an_alarm("p99"), points, samples=9).state == ALARM
        assert judge(an_alarm("p99", ignores_few_samples=True), points, samples=999).state is None
        assert judge(an_alarm("p99", ignores_few_samples=True), points, samples=1000).state == ALARM

    def test_concern_percentiles_only(self) -> None:
        assert judge(an_alarm("Sum", ignores_few_samples=True), [1.0] * 5, samples=1).state == ALARM


class TestProperties:
    @given(
        st.lists(st.sampled_from([0.0, 1.0, None]), min_size=5, max_size=5),
        st.integers(1, 3),
        st.sampled_from(MISSING),
    )
    def test_without_missing_data_the_treatment_does_not_matter(
        self, points: list[float | None], datapoints: int, way: str
    ) -> None:
        real = [point for point in points if point is not None]
        alarm = an_alarm(datapoints=datapoints, missing=way)
        if len(real) >= alarm.periods:
            expected = ALARM if sum(real[-3:]) >= datapoints else OK
            assert judge(alarm, points, samples=9).state == expected

    @given(st.lists(st.sampled_from([0.0, 1.0, None]), min_size=5, max_size=5), st.sampled_from(MISSING))
    def test_a_value_beyond_never_makes_things_better(self, points: list[float | None], way: str) -> None:
        """ALARM stays ALARM if a data point within the threshold had been beyond it."""
        alarm = an_alarm(datapoints=2, missing=way)
        worse = [1.0 if point == 0.0 else point for point in points]
        if judge(alarm, points, samples=9).state == ALARM:
            assert judge(alarm, worse, samples=9).state == ALARM

    def test_every_operator_of_a_fixed_threshold_is_known(self) -> None:
        assert len(COMPARISONS) == 4
