"""What the templates ask CloudWatch for: each metric of an alarm or of a widget of the dashboard."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from natter.metrics import METRICS
from tests.infra import aws_metrics
from tests.infra.templates import Templates

ALARM, COMPOSITE, DASHBOARD = (f"AWS::CloudWatch::{kind}" for kind in ("Alarm", "CompositeAlarm", "Dashboard"))


@dataclass(frozen=True)
class Used:
    by: str
    """The alarm's name without the stage, or the widget's title."""
    namespace: str
    name: str
    dimensions: Mapping[str, Any]

    def exists(self, stage: str) -> bool:
        """Whether a service of AWS reports it so, or one of our functions does in this stage."""
        if self.namespace.startswith("AWS/"):
            return aws_metrics.exists(self.namespace, self.name, self.dimensions)
        declared = {metric.name: metric for metric in METRICS}
        metric = declared.get(self.name)
        if metric is None or self.namespace != f"Natter/{stage}" or self.dimensions.keys() != set(metric.dimensions):
            return False
        return self.dimensions["service"] in metric.by


def of_alarms(app: Templates) -> Iterator[Used]:
    for alarm in app.properties(ALARM):
        name = alarm["AlarmName"].removeprefix(f"natter-{app.stage}-")
        found = [item["MetricStat"]["Metric"] for item in alarm.get("Metrics", []) if "MetricStat" in item]
        for metric in found or [alarm]:
            dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}
            yield Used(name, metric["Namespace"], metric["MetricName"], dimensions)


def widgets(app: Templates) -> list[dict[str, Any]]:
    """Of the dashboard; what other resources say is a word in it."""
    body = app.one(DASHBOARD)["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else re.sub(r"\W+", "-", json.dumps(part)).strip("-") for part in body)
    return list(json.loads(text)["widgets"])


def of_dashboard(app: Templates) -> Iterator[Used]:
    for widget in widgets(app):
        for row in widget["properties"].get("metrics", ()):
            *words, last = row
            if isinstance(last, str):
                words = row
            elif "expression" in last:
                continue
            namespace, name, *pairs = words
            yield Used(widget["properties"]["title"], namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def expressions(app: Templates) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Of alarms and widgets: whose, the expression, and the periods of the metrics that it may name."""
    for alarm in app.properties(ALARM):
        items = alarm.get("Metrics", [])
        periods = {item["Id"]: item["MetricStat"]["Period"] for item in items if "MetricStat" in item}
        yield from ((alarm["AlarmName"], item["Expression"], periods) for item in items if "Expression" in item)
    for widget in widgets(app):
        rows = widget["properties"].get("metrics", ())
        options = [row[-1] for row in rows if isinstance(row[-1], dict)]
        periods = {each["id"]: each.get("period", 300) for each in options if "id" in each and "expression" not in each}
        found = [each["expression"] for each in options if "expression" in each]
        yield from ((widget["properties"]["title"], expression, periods) for expression in found)
