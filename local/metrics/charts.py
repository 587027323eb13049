"""What dashboards show: the values of their lines in the last half hour. No I/O."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from local.model import Dashboard, MetricStat, Widget

from .distribution import Distribution, is_known
from .history import COARSE_S, FINE_S, History
from .meter import Metric
from .metric_math import Formula
from .series import NotUnderstood, Series

SHOWN_S, STEP_S = 1800, 20
LONGEST_S = 3 * 3600
"""Further back nothing is kept: what asks for more is shown what there is."""


class Charts:
    """
    The values of all lines of some dashboards, over what `record` is told.

    Each point is of the metric's whole period before it, so lines move on between the periods, and what is asked for
    by the hour, or by thirty days, shows at once what there is of it.
    """

    def __init__(self, dashboards: Sequence[Dashboard]) -> None:
        self.dashboards: Mapping[str, Dashboard] = {each.name: each for each in dashboards}
        stats = {
            _kept(stat): min(stat.period_s, LONGEST_S) + SHOWN_S + COARSE_S
            for dashboard in dashboards
            for widget in dashboard.widgets
            for stat in sorted(widget.metrics.values(), key=lambda stat: stat.period_s)
        }
        self._history = History(stats, grain_s=_grain_s)

    def record(self, taken: Mapping[Metric, Distribution], *, now: float) -> None:
        """`now`: seconds since 1970."""
        self._history.add(taken, at=now)
        self._history.forget(now=now)

    def lines(self, widget: Widget, *, now: float | None = None) -> dict[str, Series | None]:
        """By label, the values of the last half hour, the oldest first; None of a line that is not understood here."""
        end = int(time.time() if now is None else now)
        ends = range(end - SHOWN_S + STEP_S, end + 1, STEP_S)
        metrics = {id_: self._series(stat, ends) for id_, stat in widget.metrics.items()}
        periods = {id_: stat.period_s for id_, stat in widget.metrics.items()}
        found: dict[str, Series | None] = {}
        for id_, label in widget.lines:
            try:
                found[label] = Formula(id_, widget.expressions, periods)(metrics)
            except NotUnderstood:
                found[label] = None
        return found

    def _series(self, stat: MetricStat, ends: range) -> Series:
        if not is_known(stat.statistic):
            return (None,) * len(ends)
        kept, grain = _kept(stat), _grain_s(stat.period_s)
        values = []
        for end in ends:
            last = -(-end // grain) * grain
            begin = last - max(grain, min(stat.period_s, LONGEST_S) // grain * grain)
            values.append(self._history.within(kept, begin, last).statistic(stat.statistic))
        return tuple(values)


def _kept(stat: MetricStat) -> MetricStat:
    """One for all statistics of a metric, and for all periods that are kept as finely."""
    return replace(stat, statistic="", period_s=COARSE_S if _grain_s(stat.period_s) == FINE_S else LONGEST_S)


def _grain_s(period_s: int) -> int:
    """Minutes and less are kept by ten seconds, what is longer by the minute."""
    return FINE_S if period_s <= COARSE_S else COARSE_S
