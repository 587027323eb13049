"""What is kept of the values of a series: enough for every statistic, in bounded space. No I/O."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

GROWTH = 1.02
"""How much wider each bin is than the one before it, so that a percentile is wrong by 1 % at most."""
SMALLEST, LARGEST = 1e-6, 1e12
"""Nearer to zero counts as zero, farther away as this far: at most some 4,200 bins."""
_LOG_GROWTH = math.log(GROWTH)
_PERCENTILE = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)$")
_RANK = re.compile(r"PR\((\d+(?:\.\d+)?)?:(\d+(?:\.\d+)?)?\)$")


@dataclass(slots=True)
class Distribution:
    """
    How many values there were, their sum and extremes, and how many of them fell into which bin.

    CloudWatch's own percentiles are of bins as well (`SEH1`, the encoding of its agent).
    """

    count: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    bins: dict[int, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        """`value` is finite."""
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        index = _bin(value)
        self.bins[index] = self.bins.get(index, 0) + 1

    def merge(self, other: "Distribution") -> None:
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        for index, count in other.bins.items():
            self.bins[index] = self.bins.get(index, 0) + count

    def statistic(self, name: str) -> float | None:
        """
        A statistic by CloudWatch's name; None of no values.

        Raises:
            ValueError: one that is not known here, see `is_known`.
        """
        if not is_known(name):
            raise ValueError(f"the statistic {name} is not known here")
        if not self.count:
            return None
        if (percent := percent_of(name)) is not None:
            return self._percentile(percent)
        if (bounds := _bounds_of(name)) is not None:
            return self._rank(*bounds)
        return _STATISTICS[name](self)

    def _percentile(self, percent: float) -> float:
        """The smallest value that `percent` of all are not greater than: the middle of its bin."""
        rank = max(1, math.ceil(round(self.count * percent / 100, 6)))
        for index in sorted(self.bins):
            rank -= self.bins[index]
            if rank <= 0:
                return min(max(_middle(index), self.least), self.most)
        raise AssertionError("every value is in a bin")

    def _rank(self, above: float, up_to: float) -> float:
        """The percentage of values greater than the one bound and not greater than the other, as far as bins tell."""
        within = sum(count for index, count in self.bins.items() if _bin(above) < index <= _bin(up_to))
        return 100 * within / self.count


_STATISTICS: Mapping[str, Callable[[Distribution], float]] = {
    "SampleCount": lambda values: float(values.count),
    "Sum": lambda values: values.total,
    "Average": lambda values: values.total / values.count,
    "Minimum": lambda values: values.least,
    "Maximum": lambda values: values.most,
}


def percent_of(statistic: str) -> float | None:
    """99.9 of `p99.9`; None of what is no percentile."""
    match = _PERCENTILE.match(statistic)
    return float(match.group(1)) if match else None


def is_known(statistic: str) -> bool:
    return statistic in _STATISTICS or percent_of(statistic) is not None or _bounds_of(statistic) is not None


def _bounds_of(statistic: str) -> tuple[float, float] | None:
    """Those of a percentile rank, `PR(100:300)`; one of the two may be left out. None of what is no rank."""
    match = _RANK.match(statistic)
    if match is None or not any(match.groups()):
        return None
    above, up_to = match.groups()
    return float(above or -math.inf), float(up_to or math.inf)


def _bin(value: float) -> int:
    """In the order of the values; those of negative values are negative."""
    size = abs(value)
    if size < SMALLEST:
        return 0
    index = 1 + int(math.log(min(size, LARGEST) / SMALLEST) / _LOG_GROWTH)
    return index if value > 0 else -index


def _middle(index: int) -> float:
    if index == 0:
        return 0.0
    return math.copysign(SMALLEST * GROWTH ** (abs(index) - 0.5), index)
