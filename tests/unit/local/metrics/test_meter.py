from local.metrics import meter as module
from local.metrics.counters import Counters
from local.metrics.meter import Meter, Metric

SALES = Metric("Shop", "Sales", "Count")


class TestMeter:
    def test_what_was_taken_is_gone(self) -> None:
        meter = Meter()
        meter.add(SALES, 1)
        assert list(meter.take()) == [SALES]
        assert meter.take() == {}

    def test_what_was_given_back_is_added_to_what_came_since(self) -> None:
        meter = Meter()
        meter.add(SALES, 5)
        taken = meter.take()
        meter.add(SALES, 2)
        meter.give_back(taken)
        statistics = meter.take()[SALES]
        assert (statistics.count, statistics.total, statistics.least, statistics.most) == (2, 7, 2, 5)

    def test_number_of_series_is_bounded(self) -> None:
        meter = Meter()
        for n in range(module.MAX_SERIES + 3):
            meter.add(Metric("Shop", f"m{n}", "Count"), 1)
        assert len(meter.take()) == module.MAX_SERIES
        assert meter.dropped == 3


class TestCounters:
    def test_dimensions_are_sorted_and_the_unit_is_kept(self) -> None:
        meter = Meter()
        counters = Counters(meter, "AWS/ApiGateway", {"Stage": "s", "ApiId": "a"})
        counters.add("Latency", 2.5, "Milliseconds")
        counters.add("Latency", 0.5)
        ((metric, statistics),) = meter.take().items()
        assert metric == Metric("AWS/ApiGateway", "Latency", "Milliseconds", (("ApiId", "a"), ("Stage", "s")))
        assert statistics.total == 3.0
