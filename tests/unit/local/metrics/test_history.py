from local.metrics.distribution import Distribution
from local.metrics.history import History, spans
from local.metrics.meter import Metric
from local.model import MetricStat

NOON = 1_800_000_000
"""A full minute."""


def a_stat(*dimensions: tuple[str, str], period_s: int = 60, unit: str | None = None) -> MetricStat:
    return MetricStat(
        namespace="Shop", name="Sales", dimensions=dimensions, period_s=period_s, statistic="Sum", unit=unit
    )


def a_metric(*dimensions: tuple[str, str], unit: str = "Count") -> Metric:
    return Metric("Shop", "Sales", unit, dimensions)


def of(*values: float) -> Distribution:
    made = Distribution()
    for value in values:
        made.add(value)
    return made


def totals(history: History, stat: MetricStat, number: int, *, end: int = NOON) -> list[float]:
    return [values.total for values in history.periods(stat, number, end=end)]


class TestHistory:
    def test_values_are_in_the_period_in_which_they_came(self) -> None:
        stat = a_stat(period_s=120)
        history = History({stat: 600})
        for seconds, value in ((-241, 1), (-240, 2), (-121, 4), (-120, 8), (-1, 16), (0, 32)):
            history.add({a_metric(): of(value)}, at=NOON + seconds)
        assert totals(history, stat, 3) == [1, 6, 24]

    def test_periods_move_by_the_minute(self) -> None:
        stat = a_stat(period_s=300)
        history = History({stat: 600})
        history.add({a_metric(): of(1)}, at=NOON - 1)
        assert [totals(history, stat, 1, end=NOON + 60 * minute) for minute in range(6)] == [[1]] * 5 + [[0]]

    def test_short_periods_are_kept_by_ten_seconds(self) -> None:
        stat = a_stat(period_s=30)
        history = History({stat: 90})
        for seconds in (-35, -25, -5):
            history.add({a_metric(): of(1)}, at=NOON + seconds)
        assert totals(history, stat, 2) == [1, 2]
        assert totals(history, stat, 2, end=NOON - 20) == [0, 2]

    def test_what_is_not_looked_back_to_is_forgotten(self) -> None:
        stat = a_stat()
        history = History({stat: 120})
        for minute in range(60):
            history.add({a_metric(): of(1)}, at=NOON + 60 * minute)
            history.forget(now=NOON + 60 * minute)
        assert sum(totals(history, stat, 60, end=NOON + 60 * 60)) == 3

    def test_longest_span_counts(self) -> None:
        assert spans([(a_stat(), 60), (a_stat(), 300), (a_stat(), 120)]) == {a_stat(): 300}


class TestMatching:
    def counted(self, stat: MetricStat, metric: Metric) -> bool:
        history = History({stat: 60})
        history.add({metric: of(1)}, at=NOON - 1)
        return totals(history, stat, 1) == [1]

    def test_series_with_more_dimensions_counts(self) -> None:
        """As in LocalStack, whose APIs' metrics have the stage, which alarms leave out."""
        assert self.counted(a_stat(("Api", "a")), a_metric(("Api", "a"), ("Stage", "live")))
        assert not self.counted(a_stat(("Api", "a"), ("Stage", "live")), a_metric(("Api", "a")))
        assert not self.counted(a_stat(("Api", "b")), a_metric(("Api", "a")))

    def test_without_dimensions_only_the_one_without_counts(self) -> None:
        assert self.counted(a_stat(), a_metric())
        assert not self.counted(a_stat(), a_metric(("Api", "a")))

    def test_unit_counts_if_it_is_stated(self) -> None:
        assert self.counted(a_stat(unit="Count"), a_metric())
        assert not self.counted(a_stat(unit="Seconds"), a_metric())

    def test_others_are_not_kept(self) -> None:
        assert not self.counted(a_stat(), Metric("Shop", "Returns", "Count"))
        assert not self.counted(a_stat(), Metric("Stock", "Sales", "Count"))
