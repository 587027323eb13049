"""
Metrics in CloudWatch's embedded format: lines of the log from which CloudWatch makes metrics.

Shape: Amazon CloudWatch user guide, "Specification: Embedded metric format". A metric has at most 100 values in a line,
and a line one value of each dimension. Decision 22 says why this is not Powertools' `Metrics`.
"""

import os
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import batched
from threading import Lock
from typing import Self

from pydantic_core import to_json

from natter.metrics import SERVICE, Metric

VALUES = 100
"""Of one metric in one line; what is more begins another."""

type _Series = tuple[Metric, tuple[str, ...]]
type _Piece = tuple[Metric, tuple[str, ...], int]
"""Of a series, the values of one line: its first, its second …"""


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
        if not measured:
            return
        pieces = {
            (metric, extra, number): some
            for (metric, extra), values in measured.items()
            for number, some in enumerate(batched(values, VALUES, strict=False))
        }
        service, namespace = os.environ["POWERTOOLS_SERVICE_NAME"], os.environ["POWERTOOLS_METRICS_NAMESPACE"]
        for line in _lines(service, namespace, tuple(pieces)):
            print(line.text(pieces))  # noqa: T201 - what a function prints is its log


class _Line:
    """What of a line is the same however much was measured."""

    def __init__(self, service: str) -> None:
        self._members: dict[str, str] = {SERVICE: service}
        self._pieces: dict[str, _Piece] = {}
        self._head = ""

    def has_room(self, metric: Metric, extra: tuple[str, ...]) -> bool:
        """Whether nothing that stands in it already says otherwise."""
        members = self._members
        return metric.name not in self._pieces and all(
            members.get(name, value) == value for name, value in zip(metric.extra, extra, strict=True)
        )

    def add(self, piece: _Piece) -> None:
        metric, extra, _ = piece
        self._members |= zip(metric.extra, extra, strict=True)
        self._pieces[metric.name] = piece

    def close(self, namespace: str) -> Self:
        """Say which members are metrics, and which are their dimensions."""
        by_dimensions: dict[tuple[str, ...], list[dict[str, str]]] = {}
        for metric, *_ in self._pieces.values():
            by_dimensions.setdefault(metric.dimensions, []).append({"Name": metric.name, "Unit": metric.unit})
        directives = [
            {"Namespace": namespace, "Dimensions": [dimensions], "Metrics": alike}
            for dimensions, alike in by_dimensions.items()
        ]
        self._head = f"{to_json(directives).decode()}}},{to_json(self._members).decode()[1:-1]}"
        return self

    def text(self, measured: Mapping[_Piece, tuple[float, ...]]) -> str:
        stated = "".join(f',"{name}":{_json(measured[piece])}' for name, piece in self._pieces.items())
        return f'{{"_aws":{{"Timestamp":{time.time_ns() // 1_000_000},"CloudWatchMetrics":{self._head}{stated}}}'


@lru_cache(maxsize=256)
def _lines(service: str, namespace: str, pieces: tuple[_Piece, ...]) -> Sequence[_Line]:
    """Most invocations of a function measure the same, so all but the values is put together once."""
    lines: list[_Line] = []
    for piece in pieces:
        line = next((each for each in lines if each.has_room(*piece[:2])), None)
        if line is None:
            lines.append(line := _Line(service))
        line.add(piece)
    return [line.close(namespace) for line in lines]


def _json(values: tuple[float, ...]) -> str:
    """One number, or an array of them."""
    return to_json(values[0] if len(values) == 1 else values).decode()
