"""Alarms on metrics: on percentiles and metric math, and on simple statistics, which LocalStack evaluates."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.assembly.attributes import named
from local.assembly.intrinsics import Resolver
from local.assembly.templates import Resource
from local.metrics.distribution import is_known, percent_of
from local.metrics.metric_math import Formula
from local.metrics.series import NotUnderstood
from local.model import Alarm, MetricStat

ALARM = "AWS::CloudWatch::Alarm"
alarm_name = named("AlarmName")
_READ = (
    *("ComparisonOperator", "DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile"),
    *("EvaluationPeriods", "ExtendedStatistic", "MetricName", "Metrics", "Namespace", "Period", "Statistic"),
    *("Threshold", "TreatMissingData", "Unit"),
)


class _NotImitated(Exception):
    """The alarm asks for something that is not; the message is the property."""


def alarms(resolver: Resolver) -> tuple[tuple[Alarm, ...], tuple[tuple[str, str], ...]]:
    """The alarms, and as (logical id, type.Property) what nobody evaluates."""
    found, refused = [], []
    for resource in resolver.assembly.resources(ALARM):
        properties = resource.properties
        if "Threshold" not in properties:
            continue
        try:
            found.append(_alarm(resolver, resource))
        except _NotImitated as reason:
            refused.append((resource.logical_id, f"{ALARM}.{reason}"))
    return tuple(found), tuple(refused)


def _alarm(resolver: Resolver, resource: Resource) -> Alarm:
    properties = resolver.properties(resource, *_READ)
    items: Sequence[Mapping[str, Any]] = properties.get("Metrics") or [_single(properties)]
    metrics = {item["Id"]: _metric(resolver, item) for item in items if "MetricStat" in item}
    expressions = {item["Id"]: str(item["Expression"]) for item in items if "Expression" in item}
    if len({stat.period_s for stat in metrics.values()}) != 1:
        raise _NotImitated("Metrics.MetricStat.Period" if metrics else "Metrics.Expression")
    (watched,) = (item["Id"] for item in items if item.get("ReturnData", True))
    try:
        Formula(watched, expressions, {name: stat.period_s for name, stat in metrics.items()})
    except NotUnderstood as error:
        raise _NotImitated("Metrics.Expression") from error
    periods = int(properties["EvaluationPeriods"])
    return Alarm(
        name=alarm_name(resolver, resource),
        metrics=metrics,
        expressions=expressions,
        watched=watched,
        operator=properties["ComparisonOperator"],
        threshold=float(properties["Threshold"]),
        periods=periods,
        datapoints=int(properties.get("DatapointsToAlarm", periods)),
        missing=properties.get("TreatMissingData", "missing"),
        ignores_few_samples=properties.get("EvaluateLowSampleCountPercentile") == "ignore",
        simple="Statistic" in properties,
    )


def _single(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What an alarm says of its one metric, as one of many is said."""
    statistic = properties.get("Statistic") or properties["ExtendedStatistic"]
    if "Statistic" not in properties and percent_of(statistic) is None:
        raise _NotImitated("ExtendedStatistic")
    metric = {name: properties[name] for name in ("Namespace", "MetricName", "Dimensions") if name in properties}
    stat = {"Metric": metric, "Period": properties["Period"], "Stat": statistic, "Unit": properties.get("Unit")}
    return {"Id": "metric", "MetricStat": stat}


def _metric(resolver: Resolver, item: Mapping[str, Any]) -> MetricStat:
    stat, metric = item["MetricStat"], item["MetricStat"]["Metric"]
    if not is_known(stat["Stat"]):
        raise _NotImitated("Metrics.MetricStat.Stat")
    if item.get("AccountId", resolver.site.account) != resolver.site.account:
        raise _NotImitated("Metrics.AccountId")
    return MetricStat(
        namespace=metric["Namespace"],
        name=metric["MetricName"],
        dimensions=tuple(sorted((each["Name"], str(each["Value"])) for each in metric.get("Dimensions", ()))),
        period_s=int(stat["Period"]),
        statistic=stat["Stat"],
        unit=stat.get("Unit"),
    )
