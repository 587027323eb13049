"""
The state of an alarm, given its data points: CloudWatch's rules. No I/O.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from local.model import Alarm

from .distribution import percent_of

type State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Verdict:
    """`state` None: the alarm stays as it is."""

    state: State | None
    reason: str


def looked_at(periods: int) -> int:
    """
    The evaluation range: how many data points are looked at, so that missing ones can be done without.

    AWS says that there are more than evaluation periods, and gives one example, 5 for 3 of them; LocalStack's own
    alarms follow this rule.
    """
    return periods + max(periods // 3, 2)


def few_samples(percent: float) -> float:
    """
    Fewer values than this are few for a percentile.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    share = percent / 100
    return 10 / min(share, 1 - share) if 0 < share < 1 else 0


def judge(alarm: Alarm, points: Sequence[float | None], *, samples: int) -> Verdict:
    """`points`: of the evaluation range, the oldest first; `samples`: how many values the evaluation periods had."""
    percent = percent_of(alarm.metrics[alarm.watched].statistic) if alarm.watched in alarm.metrics else None
    if alarm.ignores_few_samples and percent is not None and samples < few_samples(percent):
        return Verdict(None, f"{samples} values are too few")
    compare, words = COMPARISONS[alarm.operator]
    real = [point for point in points if point is not None]
    breaching = [None if point is None else compare(point, alarm.threshold) for point in points]
    state = _state(alarm, breaching)
    if not real:
        return Verdict(state, f"no datapoints in {len(points)} periods, treated as {alarm.missing}")
    shown = real[-alarm.periods :]
    beyond = sum(compare(point, alarm.threshold) for point in shown)
    return Verdict(
        state,
        f"{beyond} of the datapoints {[round(point, 3) for point in shown]} {'was' if beyond == 1 else 'were'} {words} "
        f"the threshold ({alarm.threshold}); {alarm.datapoints} of {alarm.periods} make an alarm",
    )


def _state(alarm: Alarm, breaching: Sequence[bool | None]) -> State | None:
    """Missing data points stand for what is left of the evaluation periods when all real ones have been counted."""
    real = [breaches for breaches in breaching if breaches is not None][-alarm.periods :]
    beyond = sum(real)
    if alarm.missing == "breaching":
        beyond += alarm.periods - len(real)
    if beyond >= alarm.datapoints:
        return "ALARM"
    if len(real) == alarm.periods or alarm.missing in {"breaching", "notBreaching"} or not all(real):
        return "OK"
    return _state_of_few(alarm, breaching)


def _state_of_few(alarm: Alarm, breaching: Sequence[bool | None]) -> State | None:
    """
    All that there is breaches, if there is anything, but it is less than makes an alarm.

    The next data point may be within the threshold, so the alarm waits (premature transitions are avoided), unless
    as many periods as make an alarm have gone by since the oldest one. What it is meanwhile only an earlier edition
    of AWS's page says.
    """
    if alarm.missing == "ignore":
        return None
    age = len(breaching) - breaching.index(True) if True in breaching else 0
    return "ALARM" if age >= alarm.datapoints else "INSUFFICIENT_DATA"
