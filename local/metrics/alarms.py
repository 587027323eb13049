"""The alarms that LocalStack does not evaluate: when they are due, and what becomes of them. No I/O."""

from collections.abc import Iterator, Mapping, Sequence

from local.model import Alarm

from .distribution import Distribution
from .evaluation import Verdict, judge, looked_at
from .history import History, grain_s, spans
from .meter import Metric
from .metric_math import Formula
from .series import Series


class Alarms:
    """
    Alarms on percentiles and on metric math, over the values that `record` is told.

    As on AWS the periods end with the last full minute (ten seconds, for periods of less than a minute).
    """

    def __init__(self, alarms: Sequence[Alarm], *, now: float) -> None:
        """
        `now`: seconds since 1970, here and below.

        Raises:
            NotUnderstood: an expression is not.
        """
        self._formulas = [(alarm, _formula(alarm)) for alarm in alarms]
        self._evaluated = {alarm.name: _grain(alarm, now) for alarm in alarms}
        self._history = History(
            spans(
                (stat, looked_at(alarm.periods) * alarm.period_s) for alarm in alarms for stat in alarm.metrics.values()
            )
        )

    def record(self, taken: Mapping[Metric, Distribution], *, now: float) -> None:
        self._history.add(taken, at=now)

    def evaluate(self, *, now: float) -> Iterator[tuple[Alarm, Verdict]]:
        """Those that are due: each once in a minute, or in ten seconds."""
        for alarm, formula in self._formulas:
            grain = _grain(alarm, now)
            if grain > self._evaluated[alarm.name]:
                self._evaluated[alarm.name] = grain
                yield alarm, self._judge(alarm, formula, end=grain * grain_s(alarm.period_s))
        self._history.forget(now=now)

    def _judge(self, alarm: Alarm, formula: Formula, *, end: int) -> Verdict:
        number = looked_at(alarm.periods)
        metrics: dict[str, Series] = {}
        samples = 0
        for name, stat in alarm.metrics.items():
            periods = self._history.periods(stat, number, end=end)
            metrics[name] = tuple(values.statistic(stat.statistic) for values in periods)
            samples += sum(values.count for values in periods[-alarm.periods :])
        return judge(alarm, formula(metrics), samples=samples)


def _formula(alarm: Alarm) -> Formula:
    return Formula(alarm.watched, alarm.expressions, {name: stat.period_s for name, stat in alarm.metrics.items()})


def _grain(alarm: Alarm, now: float) -> int:
    return int(now // grain_s(alarm.period_s))
