from local.metrics.alarms import Alarms
from local.metrics.distribution import Distribution
from local.metrics.meter import Metric
from local.model import Alarm, MetricStat

NOON = 1_800_000_000
"""A full minute."""
LATENCY = Metric("Shop", "Latency", "Milliseconds")
CALLS, ERRORS = (Metric("Shop", name, "Count") for name in ("Calls", "Errors"))


def a_stat(name: str, statistic: str = "Sum", period_s: int = 60) -> MetricStat:
    return MetricStat(namespace="Shop", name=name, dimensions=(), period_s=period_s, statistic=statistic)


def an_alarm(name: str = "slow", period_s: int = 60, **metrics: MetricStat) -> Alarm:
    return Alarm(
        name=name,
        metrics=metrics or {"m": a_stat("Latency", "p90", period_s)},
        expressions={"rate": "100 * errors / calls"} if metrics else {},
        watched="rate" if metrics else "m",
        operator="GreaterThanThreshold",
        threshold=50,
        periods=2,
        datapoints=2,
        missing="notBreaching",
    )


def of(*values: float) -> Distribution:
    made = Distribution()
    for value in values:
        made.add(value)
    return made


def states(alarms: Alarms, now: float) -> dict[str, str | None]:
    return {alarm.name: verdict.state for alarm, verdict in alarms.evaluate(now=now)}


class TestAlarms:
    def test_percentile_rings_and_falls_silent(self) -> None:
        alarms = Alarms([an_alarm()], now=NOON)
        slow, quick = of(*[10] * 8, 100, 100), of(*[10] * 9, 100)
        seen = []
        for minute, values in enumerate([slow, slow, quick]):
            alarms.record({LATENCY: values}, now=NOON + 60 * minute + 30)
            seen.append(states(alarms, NOON + 60 * minute + 61))
        assert seen == [{"slow": "OK"}, {"slow": "ALARM"}, {"slow": "OK"}]

    def test_expression_of_several_metrics(self) -> None:
        alarms = Alarms([an_alarm("errors", errors=a_stat("Errors"), calls=a_stat("Calls"))], now=NOON)
        for minute in range(2):
            alarms.record({ERRORS: of(6), CALLS: of(5, 5)}, now=NOON + 60 * minute)
        assert states(alarms, NOON + 120) == {"errors": "ALARM"}
        alarms.record({CALLS: of(1)}, now=NOON + 120)
        assert states(alarms, NOON + 180) == {"errors": "OK"}

    def test_each_is_evaluated_once_in_its_time(self) -> None:
        alarms = Alarms([an_alarm("by minute"), an_alarm("by ten seconds", period_s=10)], now=NOON)
        due = [list(states(alarms, NOON + seconds)) for seconds in (5, 10, 15, 59, 60, 61)]
        assert due == [[], ["by ten seconds"], [], ["by ten seconds"], ["by minute", "by ten seconds"], []]

    def test_the_minute_under_way_does_not_count_yet(self) -> None:
        alarms = Alarms([an_alarm()], now=NOON)
        for minute in range(2):
            alarms.record({LATENCY: of(100)}, now=NOON + 60 * minute + 5)
        assert states(alarms, NOON + 60 + 6) == {"slow": "OK"}
        assert states(alarms, NOON + 120) == {"slow": "ALARM"}
