import json
from typing import Any

import pytest

from local.metrics.emf import measure, readings
from local.metrics.meter import Meter, Metric


def line(*metrics: dict[str, Any], dimensions: Any = (["service"],), **members: Any) -> bytes:
    directive = {"Namespace": "Shop", "Dimensions": list(dimensions), "Metrics": list(metrics)}
    document = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "service": "till", **members}
    return json.dumps(document).encode()


SALES = Metric("Shop", "Sales", "Count", (("service", "till"),))
SALE = {"Name": "Sales", "Unit": "Count"}


class TestReadings:
    def test_value_has_its_unit_and_dimensions(self) -> None:
        assert list(readings(line(SALE, Sales=3))) == [(SALES, 3.0)]

    def test_unit_may_be_left_out(self) -> None:
        ((metric, _),) = readings(line({"Name": "Sales"}, Sales=1))
        assert metric.unit == "None"

    def test_array_is_many_values(self) -> None:
        assert [value for _, value in readings(line(SALE, Sales=[1, 2, 2.5]))] == [1.0, 2.0, 2.5]

    def test_every_set_of_dimensions_is_a_series(self) -> None:
        found = list(readings(line(SALE, dimensions=(["service", "city"], []), city="Bern", Sales=1)))
        assert [metric.dimensions for metric, _ in found] == [(("city", "Bern"), ("service", "till")), ()]

    @pytest.mark.parametrize(
        "bad",
        [
            b"CloudWatchMetrics",
            b'{"_aws": {"CloudWatchMetrics": 7}}',
            line(SALE),
            line(SALE, Sales="many"),
            line(SALE, Sales=[1, float("nan")]),
            line(SALE, Sales=float("inf")),
            line(SALE, dimensions=(["nowhere"],), Sales=1),
            line({"Unit": "Count"}, Sales=1),
        ],
    )
    def test_what_is_malformed_is_passed_over(self, bad: bytes) -> None:
        assert list(readings(bad)) == []


class TestMeasure:
    def test_finds_metrics_among_other_lines(self) -> None:
        meter = Meter()
        measure(b"hello\n" + line(SALE, Sales=1) + b'\n{"level": "INFO"}\n' + line(SALE, Sales=4) + b"\n", meter)
        (statistics,) = meter.take().values()
        assert (statistics.count, statistics.total, statistics.least, statistics.most) == (2, 5.0, 1.0, 4.0)
