"""Service levels as metric math: how fast a budget is spent, and what is left of it."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.operations.alarms import Alarms, Because, Own, metric
from infra.operations.levels import BUDGET_DAYS, BURNS, DAY_S, LEVELS, Availability, Burn, Level, Window, budget
from natter import metrics

FELT = {
    "connect": "cannot connect",
    "send": "cannot send, and their apps try again",
    "quick": "see messages later than they are used to",
    "prompt": "wait for messages",
}


class Burning:
    """The alarms of all service levels: people have to be woken for `fast`; `levels` are the tickets, one each."""

    def __init__(self, alarms: Alarms, own: Own) -> None:
        self._alarms, self._own = alarms, own
        self.fast: list[cloudwatch.IAlarm] = []
        self.levels: list[cloudwatch.IAlarm] = []
        for level in LEVELS:
            tickets: list[cloudwatch.IAlarm] = []
            for burn in BURNS:
                (self.fast if burn.urgency == "page" else tickets).append(self._burns(level, burn))
            spent = because(level, "The error budget is spent faster than it may be, not so fast that people are woken")
            self.levels.append(alarms.any_of(f"{level.name}-level", tickets, spent, tells="ticket"))

    def _burns(self, level: Level, burn: Burn) -> cloudwatch.IAlarm:
        """The alarm of one window, or of all of them together."""
        parts = [
            self._alarms.part(
                f"{level.name}-{burn.name}-{window.name}",
                rate(level, self._own, period=Duration.seconds(window.period_s)),
                because(level, _words(burn, window)),
                above=burn.rate,
                minutes=window.periods,
            )
            for window in burn.windows
        ]
        if len(parts) == 1:
            return parts[0]
        windows = " and ".join(window.name for window in burn.windows)
        return self._alarms.all_of(
            f"{level.name}-{burn.name}",
            parts,
            because(level, f"The error budget is spent {burn.rate:g} times too fast, over {windows}"),
        )


def because(level: Level, why: str) -> Because:
    return Because(why=f"{level.title}: {why}", felt=FELT[level.name], runbook=f"service-levels#{level.name}")


def rate(level: Level, own: Own, *, period: Duration, label: str = "Times too fast") -> cloudwatch.MathExpression:
    """How many times as fast as it may be the budget is spent, in each period; nothing where nobody asks."""
    return cloudwatch.MathExpression(
        expression=f"IF({_bad(level)} >= {level.fewest}, {_share(level)} / {budget(level):g}, 0)",
        using_metrics=_inputs(level, own, period),
        label=label,
        period=period,
    )


def kept(level: Level, own: Own) -> cloudwatch.MathExpression:
    """The percentage that was good, over all the days for which a budget is."""
    period = Duration.seconds(BUDGET_DAYS * DAY_S)
    return cloudwatch.MathExpression(
        expression=f"100 * (1 - {_share(level)})",
        using_metrics=_inputs(level, own, period),
        label=level.title,
        period=period,
    )


def left(level: Level, own: Own) -> cloudwatch.MathExpression:
    """The percentage of the budget that is left, over all the days for which it is."""
    period = Duration.seconds(BUDGET_DAYS * DAY_S)
    return cloudwatch.MathExpression(
        expression=f"100 * (1 - {_share(level)} / {budget(level):g})",
        using_metrics=_inputs(level, own, period),
        label=level.title,
        period=period,
    )


def _words(burn: Burn, window: Window) -> str:
    each = f", each of {window.periods} days" if window.periods > 1 else ""
    return f"The error budget was spent {burn.rate:g} times too fast over {window.name}{each}"


def _share(level: Level) -> str:
    """Of 1, that is bad. A division by nothing is no value, and rings nowhere."""
    return f"({_bad(level)}) / ({_total(level)})"


def _bad(level: Level) -> str:
    if isinstance(level, Availability):
        return f'SUM(FILL(METRICS("{level.name}_bad"), 0))'
    return f"{level.name}_handled * (100 - {level.name}_intime) / 100"


def _total(level: Level) -> str:
    """Attempts: what was answered by who is asked first, what was not answered by it, and what failed from outside."""
    if isinstance(level, Availability):
        return f'FILL({level.name}_answers, 0) + SUM(FILL(METRICS("{level.name}_bad_asked"), 0))'
    return f"{level.name}_handled"


def _inputs(level: Level, own: Own, period: Duration) -> Mapping[str, cloudwatch.IMetric]:
    """By ids that begin with the level's name, so that several levels have room in one graph."""
    if not isinstance(level, Availability):
        statistics = {f"{level.name}_handled": "SampleCount", f"{level.name}_intime": f"PR(:{level.within_ms})"}
        return {
            id_: own(metrics.END_TO_END, "persist", statistic=statistic, period=period)
            for id_, statistic in statistics.items()
        }
    first, *_ = level.functions
    found: dict[str, cloudwatch.IMetric] = {
        f"{level.name}_answers": own(metrics.FAULTS, first, statistic="SampleCount", period=period)
    }
    for function in level.functions:
        unanswered = f"{level.name}_bad_asked" if function == first else f"{level.name}_bad"
        found[f"{level.name}_bad_faults_{function}"] = own(metrics.FAULTS, function, period=period)
        for name in ("Errors", "Throttles"):
            found[f"{unanswered}_{name.lower()}_{function}"] = metric(
                "AWS/Lambda", name, {"FunctionName": f"{own.prefix}-{function}"}, period=period
            )
    for leg in level.visits:
        found[f"{level.name}_bad_asked_visits_{leg.replace('-', '_')}"] = own(
            metrics.VISIT_FAILURES, "visit", period=period, Leg=leg
        )
    return found
