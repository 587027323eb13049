from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Resolver
from local.assembly.alarms import alarms
from local.model import Alarm, MetricStat

type Make = Callable[..., Resolver]
COMMON = {"Threshold": 1, "EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold"}
LATE = COMMON | {"ExtendedStatistic": "p99", "Namespace": "Shop", "MetricName": "Latency", "Period": 60}


def metric(id_: str, name: str, **more: Any) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": 60, "Stat": "Sum"} | more
    return {"Id": id_, "MetricStat": stat, "ReturnData": False}


def expression(text: str) -> dict[str, Any]:
    return {"Id": "total", "Expression": text, "Label": "all"}


@pytest.fixture
def found(resolver: Make) -> Callable[..., tuple[tuple[Alarm, ...], tuple[tuple[str, str], ...]]]:
    def find(**properties: Any) -> tuple[tuple[Alarm, ...], tuple[tuple[str, str], ...]]:
        resources = {
            "Late": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties},
            "Cluster": {"Type": "AWS::MSK::Cluster", "Properties": {"ClusterName": "shop"}},
        }
        return alarms(resolver(main={"Resources": resources}))

    return find


class TestAlarms:
    def test_percentile(self, found: Callable[..., Any]) -> None:
        dimensions = [{"Name": "Stage", "Value": "live"}, {"Name": "Cluster", "Value": {"Ref": "Cluster"}}]
        ((alarm,), refused) = found(
            **LATE,
            AlarmName="late",
            Dimensions=dimensions,
            Unit="Milliseconds",
            TreatMissingData="ignore",
            EvaluateLowSampleCountPercentile="ignore",
            DatapointsToAlarm=2,
        )
        assert refused == ()
        cluster = "arn:aws:kafka:eu-west-1:123456789012:cluster/shop/local"
        stat = MetricStat(
            namespace="Shop",
            name="Latency",
            dimensions=(("Cluster", cluster), ("Stage", "live")),
            period_s=60,
            statistic="p99",
            unit="Milliseconds",
        )
        assert alarm == Alarm(
            name="late",
            metrics={"metric": stat},
            watched="metric",
            operator="GreaterThanThreshold",
            threshold=1,
            periods=3,
            datapoints=2,
            missing="ignore",
            ignores_few_samples=True,
        )

    def test_metric_math(self, found: Callable[..., Any]) -> None:
        items = [expression("a + b"), metric("a", "Errors"), metric("b", "Late", Stat="p90")]
        ((alarm,), refused) = found(**COMMON, Metrics=items)
        assert refused == ()
        assert (alarm.name, alarm.watched, alarm.expressions) == ("main-Late", "total", {"total": "a + b"})
        assert [(name, stat.name, stat.statistic) for name, stat in alarm.metrics.items()] == [
            ("a", "Errors", "Sum"),
            ("b", "Late", "p90"),
        ]
        assert (alarm.datapoints, alarm.missing, alarm.period_s) == (3, "missing", 60)

    def test_metric_as_the_only_one_of_many(self, found: Callable[..., Any]) -> None:
        """The CDK writes an alarm on one metric so if it has a label or an account."""
        ((alarm,), _) = found(**COMMON, Metrics=[metric("m1", "Errors") | {"ReturnData": True}])
        assert (alarm.watched, alarm.expressions) == ("m1", {})

    def test_simple_statistics_are_localstacks(self, found: Callable[..., Any]) -> None:
        ((alarm,), refused) = found(**COMMON, Statistic="Sum", Namespace="Shop", MetricName="Errors", Period=60)
        assert (alarm.simple, alarm.metrics["metric"].statistic, refused) == (True, "Sum", ())

    @pytest.mark.parametrize(
        ("items", "listed"),
        [
            ([expression("RATE(a)"), metric("a", "Errors")], "Metrics.Expression"),
            ([expression("SELECT MAX(Errors) FROM Shop")], "Metrics.Expression"),
            ([expression("a"), metric("a", "Errors", Stat="tm90")], "Metrics.MetricStat.Stat"),
            (
                [expression("a + b"), metric("a", "Errors"), metric("b", "Late", Period=300)],
                "Metrics.MetricStat.Period",
            ),
            ([expression("a"), metric("a", "Errors") | {"AccountId": "210987654321"}], "Metrics.AccountId"),
        ],
    )
    def test_what_is_not_understood_is_listed(
        self, found: Callable[..., Any], items: list[dict[str, Any]], listed: str
    ) -> None:
        assert found(**COMMON, Metrics=items) == ((), (("Late", f"AWS::CloudWatch::Alarm.{listed}"),))

    def test_other_extended_statistics_are_listed(self, found: Callable[..., Any]) -> None:
        assert found(**LATE | {"ExtendedStatistic": "tm99"}) == (
            (),
            (("Late", "AWS::CloudWatch::Alarm.ExtendedStatistic"),),
        )

    def test_models_of_anomalies_are_not_evaluated(self, found: Callable[..., Any]) -> None:
        """They are listed by their property `ThresholdMetricId`."""
        banded = COMMON | {"ThresholdMetricId": "band", "Metrics": [metric("a", "Errors")]}
        del banded["Threshold"]
        assert found(**banded) == ((), ())
