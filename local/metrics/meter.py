"""Metrics on their way to CloudWatch: summed up until somebody takes them. No I/O."""

from dataclasses import dataclass

from .distribution import Distribution

MAX_SERIES = 5_000
"""Different metrics that wait at most; values of further ones are dropped."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A series: `unit` is one of CloudWatch's, `dimensions` are sorted by name."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Meter:
    """Where values go: `add` is cheap and never waits."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: dict[Metric, Distribution] = {}

    def add(self, metric: Metric, value: float) -> None:
        waiting = self._waiting.get(metric) or self._begin(metric)
        if waiting is None:
            self.dropped += 1
        else:
            waiting.add(value)

    def take(self) -> dict[Metric, Distribution]:
        """All that has come since the last time."""
        taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, taken: dict[Metric, Distribution]) -> None:
        """What could not be sent waits with what has come since."""
        for metric, values in taken.items():
            waiting = self._waiting.get(metric) or self._begin(metric)
            if waiting is None:
                self.dropped += values.count
            else:
                waiting.merge(values)

    def _begin(self, metric: Metric) -> Distribution | None:
        """None: too many series wait already."""
        if len(self._waiting) >= MAX_SERIES:
            return None
        self._waiting[metric] = begun = Distribution()
        return begun
