from local.metrics.charts import SHOWN_S, STEP_S, Charts
from local.metrics.distribution import Distribution
from local.metrics.meter import Metric
from local.model import Dashboard, MetricStat, Widget

NOON = 1_800_000_000
CALLS, ERRORS = (Metric("Shop", name, "Count") for name in ("Calls", "Errors"))
LATENCY = Metric("Shop", "Latency", "Milliseconds", (("service", "till"),))


def a_stat(name: str, statistic: str = "Sum", period_s: int = 60, **dimensions: str) -> MetricStat:
    return MetricStat(
        namespace="Shop",
        name=name,
        dimensions=tuple(sorted(dimensions.items())),
        period_s=period_s,
        statistic=statistic,
    )


def a_widget(metrics: dict[str, MetricStat], expressions: dict[str, str] | None = None) -> Widget:
    ids = [*(expressions or metrics)]
    return Widget(
        kind="metric",
        place=(0, 0, 6, 6),
        metrics=metrics,
        expressions=expressions or {},
        lines=tuple((id_, id_.upper()) for id_ in ids),
    )


def charts(*widgets: Widget) -> Charts:
    return Charts([Dashboard(name="shop", widgets=widgets)])


def of(*values: float) -> Distribution:
    made = Distribution()
    for value in values:
        made.add(value)
    return made


class TestLines:
    def test_are_of_the_whole_period_before_each_point(self) -> None:
        widget = a_widget({"calls": a_stat("Calls")})
        shop = charts(widget)
        for second in (-50, -30, -10):
            shop.record({CALLS: of(1)}, now=NOON + second)
        line = shop.lines(widget, now=NOON)["CALLS"]
        assert line is not None
        assert len(line) == SHOWN_S // STEP_S
        assert line[-1] == 3
        assert shop.lines(widget, now=NOON + 20)["CALLS"][-1] == 2  # type: ignore[index] # it is understood

    def test_statistics_of_one_metric_do_not_disturb_each_other(self) -> None:
        widget = a_widget({name: a_stat("Latency", name, service="till") for name in ("p50", "p99", "SampleCount")})
        shop = charts(widget)
        shop.record({LATENCY: of(*[10] * 9, 1000)}, now=NOON - 5)
        last = {label: line[-1] for label, line in shop.lines(widget, now=NOON).items() if line}
        assert last["SAMPLECOUNT"] == 10
        assert (round(last["P50"] or 0), round(last["P99"] or 0)) == (10, 1000)

    def test_expressions_are_computed(self) -> None:
        widget = a_widget(
            {"errors": a_stat("Errors"), "calls": a_stat("Calls")}, {"share": '100 * errors / SUM(METRICS("call"))'}
        )
        shop = charts(widget)
        shop.record({ERRORS: of(1), CALLS: of(2, 2)}, now=NOON - 5)
        line = shop.lines(widget, now=NOON)["SHARE"]
        assert line is not None
        assert line[-1] == 25

    def test_long_periods_show_at_once_what_there_is(self) -> None:
        """Of thirty days nobody waits for the end."""
        widget = a_widget({"calls": a_stat("Calls", period_s=30 * 86_400)})
        shop = charts(widget)
        shop.record({CALLS: of(5)}, now=NOON - 65)
        shop.record({CALLS: of(2)}, now=NOON - 5)
        line = shop.lines(widget, now=NOON)["CALLS"]
        assert line is not None
        assert line[-1] == 7

    def test_what_is_not_understood_has_none(self) -> None:
        widget = a_widget({"calls": a_stat("Calls")}, {"found": "SEARCH('{Shop}', 'Sum')"})
        assert charts(widget).lines(widget, now=NOON) == {"FOUND": None}

    def test_what_nobody_reports_is_empty(self) -> None:
        widget = a_widget({"calls": a_stat("Calls", "tm99")})
        shop = charts(widget)
        shop.record({CALLS: of(5)}, now=NOON - 5)
        line = shop.lines(widget, now=NOON)["CALLS"]
        assert line is not None
        assert set(line) == {None}
