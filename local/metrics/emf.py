"""
CloudWatch's embedded metric format: metrics inside of log lines. No I/O.

A line is a JSON object whose `_aws.CloudWatchMetrics` says which of its members are metrics and which are dimensions.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .meter import Meter, Metric

MARK = b'"CloudWatchMetrics"'
"""What every line in this format has."""
MAX_DIMENSIONS = 30
MAX_VALUES = 100


def readings(line: bytes) -> Iterator[tuple[Metric, float]]:
    """The metrics of one line of a log, with their values; what is not in this format is passed over, as on AWS."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        found = [reading for directive in directives for reading in _directive(document, directive)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    yield from found


def measure(lines: bytes, meter: Meter) -> None:
    """Add the metrics of whole lines to `meter`."""
    if MARK not in lines:
        return
    for line in lines.splitlines():
        if MARK in line:
            for metric, value in readings(line):
                meter.add(metric, value)


def _directive(document: Mapping[str, Any], directive: Mapping[str, Any]) -> Iterator[tuple[Metric, float]]:
    sets: Sequence[Sequence[str]] = directive.get("Dimensions") or ((),)
    for names in sets:
        if len(names) > MAX_DIMENSIONS:
            continue
        dimensions = tuple(sorted((name, str(document[name])) for name in names))
        for definition in directive["Metrics"]:
            metric = Metric(directive["Namespace"], definition["Name"], definition.get("Unit", "None"), dimensions)
            for value in _values(document[definition["Name"]]):
                yield metric, value


def _values(stated: Any) -> Sequence[float]:
    """
    One number or an array of them.

    Raises:
        ValueError: one is none, or not finite, which Python writes as JSON but CloudWatch does not take.
    """
    values = [float(value) for value in (stated if isinstance(stated, list) else [stated])[:MAX_VALUES]]
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{values} are not all finite")
    return values
