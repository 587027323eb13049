"""
The app's dashboards, as far as they are drawn here: texts, states of alarms, lines and numbers.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.assembly.attributes import named
from local.assembly.intrinsics import Resolver
from local.metrics.distribution import is_known
from local.metrics.metric_math import Formula
from local.metrics.rule import name_of
from local.metrics.series import NotUnderstood
from local.model import Dashboard, MetricStat, Widget

DASHBOARD = "AWS::CloudWatch::Dashboard"
DEFAULT_PERIOD_S, DEFAULT_STATISTIC = 300, "Average"
SAME, SAME_AS_ABOVE = ".", "..."
"""In the place of a word the one above it; of all but the last word, those above."""
_name = named("DashboardName")


def dashboards(resolver: Resolver) -> tuple[tuple[Dashboard, ...], tuple[tuple[str, str], ...]]:
    """The dashboards, and as (logical id, type.Property) what of them is not drawn."""
    found, missing = [], []
    for resource in resolver.assembly.resources(DASHBOARD):
        body = json.loads(resolver.properties(resource, "DashboardBody")["DashboardBody"])
        drawn = []
        for widget in body.get("widgets", ()):
            made = _widget(widget)
            if made is None:
                missing.append((resource.logical_id, f"{DASHBOARD}.DashboardBody.{widget.get('type')}"))
            else:
                drawn.append(made)
                missing += [(resource.logical_id, f"{DASHBOARD}.DashboardBody.{part}") for part in _undrawn(made)]
        found.append(Dashboard(name=_name(resolver, resource), widgets=tuple(drawn)))
    return tuple(found), tuple(dict.fromkeys(missing))


def _widget(widget: Mapping[str, Any]) -> Widget | None:
    left, top, width, height = (
        int(widget.get(name, default)) for name, default in (("x", 0), ("y", 0), ("width", 6), ("height", 6))
    )
    place = (left, top, width, height)
    properties = widget.get("properties", {})
    title = str(properties.get("title", ""))
    match widget.get("type"):
        case "text":
            return Widget(kind="text", text=str(properties.get("markdown", "")), place=place)
        case "alarm":
            return Widget(
                kind="alarm", title=title, alarms=tuple(map(name_of, properties.get("alarms", ()))), place=place
            )
        case "metric":
            return _metrics(properties, title, place)
    return None


def _metrics(properties: Mapping[str, Any], title: str, place: tuple[int, int, int, int]) -> Widget:
    metrics: dict[str, MetricStat] = {}
    expressions: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    above: Sequence[str] = ()
    for number, row in enumerate(properties.get("metrics", ())):
        options: Mapping[str, Any] = row[-1] if isinstance(row[-1], dict) else {}
        words = [word for word in row if isinstance(word, str)]
        id_ = str(options.get("id", f"line{number}"))
        if "expression" in options:
            expressions[id_], label = str(options["expression"]), str(options.get("label", options["expression"]))
        else:
            above = _spelled_out(words, above)
            metrics[id_] = _stat(above, {**properties, **options})
            label = str(options.get("label", above[1]))
        if options.get("visible", True):
            lines.append((id_, label))
    marks = properties.get("annotations", {}).get("horizontal", ())
    return Widget(
        kind="metric",
        title=title,
        single=properties.get("view") == "singleValue",
        metrics=metrics,
        expressions=expressions,
        lines=tuple(lines),
        marks=tuple((float(mark["value"]), str(mark.get("label", ""))) for mark in marks if "value" in mark),
        place=place,
    )


def _spelled_out(words: Sequence[str], above: Sequence[str]) -> Sequence[str]:
    if words and words[0] == SAME_AS_ABOVE:
        return [*above[: len(above) - len(words) + 1], *words[1:]]
    return [above[place] if word == SAME else word for place, word in enumerate(words)]


def _stat(words: Sequence[str], options: Mapping[str, Any]) -> MetricStat:
    namespace, name, *pairs = words
    return MetricStat(
        namespace=namespace,
        name=name,
        dimensions=tuple(sorted(zip(pairs[::2], pairs[1::2], strict=True))),
        period_s=int(options.get("period", DEFAULT_PERIOD_S)),
        statistic=str(options.get("stat", DEFAULT_STATISTIC)),
    )


def _undrawn(widget: Widget) -> list[str]:
    """What of its lines nobody here can compute."""
    missing = [stat.statistic for stat in widget.metrics.values() if not is_known(stat.statistic)]
    periods = {id_: stat.period_s for id_, stat in widget.metrics.items()}
    for id_, _ in widget.lines:
        try:
            Formula(id_, widget.expressions, periods)
        except NotUnderstood:
            missing.append(widget.expressions[id_])
    return missing
