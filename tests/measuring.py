"""What functions measure, as CloudWatch reads it from their logs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from local.metrics.emf import readings
from natter.telemetry import recorder

SERVICE, NAMESPACE = "tested", "Natter/test"

type Series = str
"""The metric's name; and in brackets the values of its own dimensions, by their names."""


class Measured:
    """What was measured since it was asked for the last time."""

    def __init__(self, printed: pytest.CaptureFixture[str]) -> None:
        self._printed = printed
        self()

    def __call__(self) -> Mapping[Series, Sequence[float]]:
        recorder.flush()
        found: dict[Series, list[float]] = defaultdict(list)
        for line in self._printed.readouterr().out.splitlines():
            for metric, value in readings(line.encode()):
                dimensions = dict(metric.dimensions)
                assert (metric.namespace, dimensions.pop("service")) == (NAMESPACE, SERVICE)
                own = f"[{', '.join(value for _, value in sorted(dimensions.items()))}]" if dimensions else ""
                found[metric.name + own].append(value)
        return found
