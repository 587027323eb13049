"""When a schedule's expression comes due, in EventBridge's language. No I/O."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aws_croniter import AwsCroniter  # type: ignore[import-untyped]

type Next = Callable[[datetime], datetime | None]
"""The first time after the given one (both aware); None if there is none any more."""

_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)s?")
_EXPRESSION = re.compile(r"(rate|cron|at)\((.+)\)")


def due(expression: str, *, timezone: str = "UTC", began: datetime) -> Next:
    """
    `rate(…)` counts from `began`; `cron(…)` and `at(…)` are wall-clock times of `timezone`.

    Raises:
        ValueError: EventBridge would not take the expression, or nobody knows the time zone.
    """
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise ValueError(f"{expression!r} is none of rate(…), cron(…), at(…)")
    kind, inner = match.groups()
    try:
        zone = ZoneInfo(timezone)
        if kind == "rate":
            return _rate(inner, began)
        return _cron(inner, zone) if kind == "cron" else _at(inner, zone)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"{expression!r}: {error}") from error


def _rate(inner: str, began: datetime) -> Next:
    match = _RATE.fullmatch(inner.strip())
    if match is None:
        raise ValueError("a rate is a number of minutes, hours or days")
    interval = timedelta(**{f"{match[2]}s": int(match[1])})
    return lambda after: began + interval * ((after - began) // interval + 1)


def _cron(inner: str, zone: ZoneInfo) -> Next:
    cron = AwsCroniter(" ".join(inner.split()))

    def after(moment: datetime) -> datetime | None:
        # The library counts in UTC, so it is given the wall clock's time as if that were UTC. When clocks are set
        # back, a time comes twice: it is due at the first of the two.
        wall = moment.astimezone(zone).replace(tzinfo=UTC)
        while True:
            upcoming: datetime | None = cron.occurrence(wall).next()
            if upcoming is None:
                return None
            found = upcoming.replace(tzinfo=zone).astimezone(UTC)
            if found > moment:
                return found
            wall = upcoming

    return after


def _at(inner: str, zone: ZoneInfo) -> Next:
    moment = datetime.strptime(inner.strip(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    return lambda after: moment if moment > after else None
