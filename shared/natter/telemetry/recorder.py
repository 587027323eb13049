"""
Metrics in CloudWatch's embedded format: lines of the log from which CloudWatch makes metrics.

Shape: Amazon CloudWatch user guide, "Specification: Embedded metric format". A metric has at most 100 values in a line,
and a line one value of each dimension. Decision 22 says why this is not Powertools' `Metrics`.
"""

import os
import time
from functools import lru_cache
from itertools import batched
from threading import Lock
from typing import Any

from pydantic_core import to_json

from natter.metrics import SERVICE, Metric

VALUES = 100
"""Of one metric in one line; what is more begins another."""

type _Series = tuple[Metric, tuple[str, ...]]


class Recorder:
    """
    Gathers what one invocation measures. Safe across threads.

    Counts of one series are added up; durations are kept one by one, so that percentiles can be taken of them.
    """

    def __init__(self) -> None:
        self._values: dict[_Series, list[float]] = {}
        self._lock = Lock()

    def add(self, metric: Metric, value: float, *extra: str) -> None:
        """
        Measure `value`; `extra` are the values of the metric's own dimensions, in their order.

        Raises:
            ValueError: there are more of them, or fewer, than it has.
        """
        if len(extra) != len(metric.extra):
            raise ValueError(f"{metric.name} is by {', '.join(metric.extra) or 'nothing but the function'}")
        with self._lock:
            values = self._values.setdefault((metric, extra), [])
            if values and metric.unit == "Count":
                values[0] += value
            else:
                values.append(value)

    def count(self, metric: Metric, number: int, *extra: str) -> None:
        """As `add`; but nothing is counted as nothing: each series costs, and sums take what is missing for zero."""
        if number:
            self.add(metric, number, *extra)

    def flush(self) -> None:
        """Write what was measured since the last time, in as few lines as it takes."""
        with self._lock:
            measured, self._values = self._values, {}
        lines: list[_Line] = []
        for (metric, extra), values in measured.items():
            for some in batched(values, VALUES, strict=False):
                line = next((each for each in lines if each.has_room(metric, extra)), None)
                if line is None:
                    lines.append(line := _Line())
                line.add(metric, extra, some)
        for line in lines:
            print(line.text())  # noqa: T201 - what a function prints is its log


class _Line:
    def __init__(self) -> None:
        self._metrics: list[Metric] = []
        self._members: dict[str, Any] = {SERVICE: os.environ["POWERTOOLS_SERVICE_NAME"]}

    def has_room(self, metric: Metric, extra: tuple[str, ...]) -> bool:
        """Whether nothing that stands in it already says otherwise."""
        members = self._members
        return metric.name not in members and all(
            members.get(name, value) == value for name, value in zip(metric.extra, extra, strict=True)
        )

    def add(self, metric: Metric, extra: tuple[str, ...], values: tuple[float, ...]) -> None:
        self._metrics.append(metric)
        self._members |= zip(metric.extra, extra, strict=True)
        self._members[metric.name] = values[0] if len(values) == 1 else values

    def text(self) -> str:
        directives = _directives(os.environ["POWERTOOLS_METRICS_NAMESPACE"], tuple(self._metrics))
        about = f'{{"_aws":{{"Timestamp":{time.time_ns() // 1_000_000},"CloudWatchMetrics":{directives}}},'
        return about + to_json(self._members).decode()[1:]


@lru_cache(maxsize=256)
def _directives(namespace: str, metrics: tuple[Metric, ...]) -> str:
    """Which members of a line are metrics, and which are their dimensions: the same in most lines of a function."""
    by_dimensions: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for metric in metrics:
        by_dimensions.setdefault(metric.dimensions, []).append({"Name": metric.name, "Unit": metric.unit})
    return to_json(
        [
            {"Namespace": namespace, "Dimensions": [dimensions], "Metrics": alike}
            for dimensions, alike in by_dimensions.items()
        ]
    ).decode()
