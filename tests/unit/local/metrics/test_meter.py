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
    def test_value_is_added_under_every_set_of_dimensions(self) -> None:
        meter = Meter()
        Counters(meter, "AWS/ApiGateway", {"ApiId": "a"}, {"Stage": "s", "ApiId": "a"}).add("Count", 1)
        found = {metric.dimensions for metric in meter.take()}
        assert found == {(("ApiId", "a"),), (("ApiId", "a"), ("Stage", "s"))}
