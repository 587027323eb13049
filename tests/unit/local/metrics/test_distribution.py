import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.metrics.distribution import LARGEST, SMALLEST, Distribution, is_known, percent_of

FINITE = st.floats(-1e9, 1e9)
VALUES = st.lists(FINITE, min_size=1, max_size=60)


def of(values: list[float]) -> Distribution:
    made = Distribution()
    for value in values:
        made.add(value)
    return made


class TestStatistic:
    def test_of_a_few_values(self) -> None:
        values = of([1, 2, 3, 10])
        names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
        assert [values.statistic(name) for name in names] == [4, 16, 4, 1, 10]
        assert [values.statistic(name) for name in ("p0", "p50", "p75", "p76", "p100")] == pytest.approx(
            [1, 2, 3, 10, 10], rel=0.01
        )

    def test_percentile_of_one_value_is_that_value(self) -> None:
        assert of([7.7]).statistic("p99") == 7.7

    @pytest.mark.parametrize("name", ["Sum", "SampleCount", "p99"])
    def test_of_no_values_there_is_none(self, name: str) -> None:
        assert Distribution().statistic(name) is None

    @pytest.mark.parametrize("name", ["tm99", "sum", "p101", "p-1", "p", "IQM", "PR(:)", "PR(3)", "p99x"])
    def test_others_are_not_known(self, name: str) -> None:
        assert not is_known(name)
        with pytest.raises(ValueError, match="not known"):
            of([1]).statistic(name)

    @pytest.mark.parametrize(("name", "percent"), [("p99", 99), ("p99.9", 99.9), ("p5", 5), ("p100", 100)])
    def test_percentiles_are_known_by_their_names(self, name: str, percent: float) -> None:
        assert percent_of(name) == percent

    def test_rank_is_how_many_are_within_its_bounds(self) -> None:
        """Not at the lower one, at the upper one: as AWS says."""
        values = of([50, 100, 200, 400])
        names = ("PR(:100)", "PR(100:)", "PR(50:200)", "PR(:300.5)", "PR(500:)")
        assert [values.statistic(name) for name in names] == [50, 50, 50, 75, 0]

    @given(VALUES, st.floats(0, 100).map(lambda percent: round(percent, 1)))
    def test_percentile_is_wrong_by_one_percent_at_most(self, values: list[float], percent: float) -> None:
        rank = max(1, math.ceil(round(len(values) * percent / 100, 6)))
        exact = sorted(values)[rank - 1]
        found = of(values).statistic(f"p{percent:g}")
        assert found is not None
        assert math.isclose(found, exact, rel_tol=0.01, abs_tol=SMALLEST)

    def test_what_is_out_of_bounds_counts_as_the_bound(self) -> None:
        values = of([LARGEST * 10, LARGEST * 100, SMALLEST / 10, 0])
        assert values.statistic("p75") == pytest.approx(LARGEST, rel=0.01)
        assert values.statistic("p25") == 0
        assert values.statistic("Maximum") == LARGEST * 100


class TestMerge:
    @given(VALUES, VALUES)
    def test_is_as_if_all_had_been_added_to_one(self, some: list[float], others: list[float]) -> None:
        merged, together = of(some), of(some + others)
        merged.merge(of(others))
        assert (merged.count, merged.least, merged.most) == (together.count, together.least, together.most)
        assert merged.bins == together.bins
        assert merged.total == pytest.approx(together.total)


class TestBins:
    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200))
    def test_are_bounded_whatever_comes(self, values: list[float]) -> None:
        most = 1 + math.log(LARGEST / SMALLEST) / math.log(1.02)
        assert all(abs(index) <= most for index in of(values).bins)
