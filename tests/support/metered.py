"""What the functions of a running cloud have measured, by their logs."""

from collections.abc import Iterator
from pathlib import Path

from local.metrics.emf import MARK, readings
from natter.metrics import METRICS, SERVICE

type Series = tuple[str, str, frozenset[str]]
"""The metric's name, its function, and the names of its dimensions."""

DECLARED = {(each.name, function, frozenset(each.dimensions)) for each in METRICS for function in each.by}


def measured(logs: Path) -> Iterator[Series]:
    """Of each function's log of the last run."""
    for log in sorted(logs.glob("natter-*.log")):
        for line in log.read_bytes().splitlines():
            if MARK in line:
                for metric, _ in readings(line):
                    dimensions = dict(metric.dimensions)
                    yield metric.name, dimensions[SERVICE], frozenset(dimensions)


def undeclared(logs: Path) -> set[Series]:
    """What `natter.metrics` does not say."""
    return set(measured(logs)) - DECLARED
