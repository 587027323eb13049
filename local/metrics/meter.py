"""Metrics on their way to CloudWatch: summed up until somebody takes them. No I/O."""

from dataclasses import dataclass

MAX_SERIES = 5_000
"""Different metrics that wait at most; values of further ones are dropped."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A series: `unit` is one of CloudWatch's, `dimensions` are sorted by name."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Statistics:
    """A statistic set: all that is kept of the values of one series."""

    count: int
    total: float
    least: float
    most: float

    def add(self, other: "Statistics") -> None:
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)


class Meter:
    """Where values go: `add` is cheap and never waits."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: dict[Metric, Statistics] = {}

    def add(self, metric: Metric, value: float) -> None:
        self._merge(metric, Statistics(1, value, value, value))

    def take(self) -> dict[Metric, Statistics]:
        """All that has come since the last time."""
        taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, taken: dict[Metric, Statistics]) -> None:
        """What could not be sent waits with what has come since."""
        for metric, statistics in taken.items():
            self._merge(metric, statistics)

    def _merge(self, metric: Metric, statistics: Statistics) -> None:
        known = self._waiting.get(metric)
        if known is not None:
            known.add(statistics)
        elif len(self._waiting) < MAX_SERIES:
            self._waiting[metric] = statistics
        else:
            self.dropped += statistics.count
