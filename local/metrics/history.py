"""The recent values of the series that alarms name. No I/O."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from local.model import MetricStat

from .distribution import Distribution
from .meter import Metric

COARSE_S, FINE_S = 60, 10
"""Values are kept by the minute; for periods of less, by ten seconds."""


def grain_s(period_s: int) -> int:
    """
    How often an alarm is evaluated, and so how finely its values are kept.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    return COARSE_S if period_s >= COARSE_S else FINE_S


class History:
    """
    Values by the time at which they came, for as long as alarms look back.

    A metric counts for each stated one whose dimensions it has, among others, as LocalStack has it for its alarms.
    """

    def __init__(self, spans: Mapping[MetricStat, int], *, grain_s: Callable[[int], int] = grain_s) -> None:
        """`spans`: how many seconds back, for each metric; `grain_s`: how finely, by its period."""
        self._grain_s = grain_s
        self._spans = spans
        self._grains: dict[MetricStat, dict[int, Distribution]] = {stat: {} for stat in spans}
        self._by_name: dict[tuple[str, str], list[MetricStat]] = defaultdict(list)
        for stat in spans:
            self._by_name[stat.namespace, stat.name].append(stat)

    def add(self, taken: Mapping[Metric, Distribution], *, at: float) -> None:
        """`at`: seconds since 1970."""
        for metric, values in taken.items():
            for stat in self._by_name.get((metric.namespace, metric.name), ()):
                if _is_of(metric, stat):
                    grains = self._grains[stat]
                    grains.setdefault(int(at // self._grain_s(stat.period_s)), Distribution()).merge(values)

    def forget(self, *, now: float) -> None:
        """What no alarm looks back to any more."""
        for stat, grains in self._grains.items():
            oldest = (now - self._spans[stat]) // self._grain_s(stat.period_s)
            for grain in [grain for grain in grains if grain < oldest]:
                del grains[grain]

    def periods(self, stat: MetricStat, number: int, *, end: int) -> list[Distribution]:
        """The values of the last `number` periods before `end`, a whole number of grains; the oldest period first."""
        begin = end - number * stat.period_s
        return [self.within(stat, start, start + stat.period_s) for start in range(begin, end, stat.period_s)]

    def within(self, stat: MetricStat, start: int, end: int) -> Distribution:
        """The values between two times, whole numbers of grains."""
        grain, found = self._grain_s(stat.period_s), Distribution()
        for place in range(start // grain, end // grain):
            if (values := self._grains[stat].get(place)) is not None:
                found.merge(values)
        return found


def spans(stats: Iterable[tuple[MetricStat, int]]) -> dict[MetricStat, int]:
    """The longest of the spans of each metric."""
    longest: dict[MetricStat, int] = {}
    for stat, span in stats:
        longest[stat] = max(span, longest.get(stat, 0))
    return longest


def _is_of(metric: Metric, stat: MetricStat) -> bool:
    if stat.unit not in {None, metric.unit}:
        return False
    return set(stat.dimensions) <= set(metric.dimensions) if stat.dimensions else not metric.dimensions
