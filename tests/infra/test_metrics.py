"""Every alarm looks at what is published, by the dimensions by which it is: another one would never ring."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.metrics import AWS, Counted, counted
from tests.infra.stages import STAGES
from tests.infra.templates import Templates


def looked_at(stage: Templates) -> Iterator[Mapping[str, Any]]:
    for alarm in stage.properties("AWS::CloudWatch::Alarm"):
        yield from [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [
            alarm
        ]


def unpublished(metric: Mapping[str, Any], ours: Counted, services: set[str]) -> str | None:
    """What is wrong with it."""
    namespace, name = metric["Namespace"], metric["MetricName"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
    told = f"{namespace} {name} {sorted(dimensions)}"
    if namespace.startswith("AWS/"):
        return None if frozenset(dimensions) in AWS.get(namespace, {}).get(name, ()) else told
    unknown = dimensions.keys() - ours.dimensions - {"service"}
    if not ours.has(name) or unknown or dimensions.get("service") not in services:
        return f"{told} of {dimensions.get('service')}"
    return None


@pytest.mark.parametrize("name", STAGES)
def test_alarms_look_at_what_is_published(name: str, stages: Callable[[str], Templates]) -> None:
    stage, ours = stages(name), counted()
    services = {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in stage.functions().values()}
    metrics = list(looked_at(stage))
    assert len(metrics) > 100
    assert {wrong for metric in metrics if (wrong := unpublished(metric, ours, services))} == set()


def a_metric(namespace: str, name: str, **dimensions: str) -> dict[str, Any]:
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": listed}


@pytest.mark.parametrize(
    "metric",
    [
        a_metric("AWS/SQS", "ApproximateAgeOfOldestMessages", QueueName="q"),
        a_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", Queue="q"),
        a_metric("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        a_metric("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", StreamName="s"),
        a_metric("Natter/dev", "RecordsSetAsides", service="persist"),
        a_metric("Natter/dev", "RecordsSetAside", service="persists"),
        a_metric("Natter/dev", "RecordsSetAside"),
        a_metric("Natter/dev", "Pushes", service="persist"),
        a_metric("Natter/dev", "PushesAccepted", service="persist", platform="fcm"),
    ],
    ids=json.dumps,
)
def test_one_that_never_rings_is_found(metric: dict[str, Any]) -> None:
    assert unpublished(metric, counted(), {"persist"})


def test_what_is_counted_no_more_is_found(tmp_path: Path) -> None:
    """The names come from the code, not from a list."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "telemetry.py").write_text('metrics.add_metric("Age", 1)\n_add(f"Pushes{outcome}", 1)\n')
    ours = counted(("code",), tmp_path)
    assert (ours.has("Age"), ours.has("PushesDead"), ours.has("RecordsSetAside")) == (True, True, False)
