"""
What users may expect, as values. The alarms, the dashboard and docs/slo.md are made from them and from nothing else.

How fast an error budget may be spent until somebody is told is Google's way: The Site Reliability Workbook, chapter 5,
"Alerting on SLOs", multiwindow, multi-burn-rate (https://sre.google/workbook/alerting-on-slos/). It says of services
with few requests what `fewest` is for.
"""

from dataclasses import dataclass
from typing import Literal

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
BUDGET_DAYS = 30
"""Over which a budget is reckoned."""
type Urgency = Literal["page", "ticket"]
URGENCIES: tuple[Urgency, ...] = ("page", "ticket")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """How far an alarm looks back: some periods, each of which has to be bad."""

    name: str
    period_s: int
    periods: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    """
    A budget that is spent `rate` times as fast as it may be, so that it is gone after 30 days / `rate`. It counts while
    it is so in all windows: the short one ends it soon after what was wrong is over.
    """

    name: str
    rate: float
    windows: tuple[Window, ...]
    urgency: Urgency


BURNS = (
    Burn(
        name="fast",
        rate=14.4,
        windows=(Window(name="1h", period_s=HOUR_S), Window(name="5m", period_s=5 * MINUTE_S)),
        urgency="page",
    ),
    Burn(
        name="slow",
        rate=6,
        windows=(Window(name="6h", period_s=6 * HOUR_S), Window(name="30m", period_s=30 * MINUTE_S)),
        urgency="ticket",
    ),
    Burn(name="leak", rate=1, windows=(Window(name="3d", period_s=DAY_S, periods=3),), urgency="ticket"),
)
"""A fiftieth of the budget in an hour wakes somebody; a twentieth in six hours, or three days over it, is a ticket."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """The share of attempts that were answered, with anything but an error of ours."""

    name: str
    title: str
    objective: float
    """Of 1."""
    functions: tuple[str, ...]
    """
    Who answers, one after the other: what they call a fault, and what the gateway has to answer in their place, is bad.
    The first is asked in every attempt.
    """
    counts: str
    """What is counted, for people to read."""
    visits: tuple[str, ...]
    """
    Legs of visits (`natter.metrics.LEGS`): a failure is an attempt, and bad, wherever on the way from outside it was.
    If it came as far as a function that calls it a fault, it counts twice.
    """
    fewest: int = 3
    """Of fewer bad ones in a window nobody is told: where few people talk, one is a large share and says little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quickness:
    """The share of messages that were on the others' screens within a time."""

    name: str
    title: str
    objective: float
    """Of 1."""
    within_ms: int
    counts: str
    """What is counted, for people to read."""
    fewest: int = 30
    """As above; somebody's first messages after functions have slept are late, all of them."""


type Level = Availability | Quickness

AVAILABLE = 0.9995
_DELIVERED = (
    "Each message that `persist` stores for the first time (metric `EndToEnd`): from when the gateway had the frame "
    "until it was posted to the connections of all who are there. Cold starts, retries and waiting are in it; the way "
    "to the gateway and from it is not."
)

CONNECT = Availability(
    name="connect",
    title="Connecting",
    objective=AVAILABLE,
    functions=("authorize", "connect"),
    counts="Attempts to connect. Bad are those that the authorizer or `connect` answers with `unavailable` or "
    "`internal`, and those in which one of them fails, runs out of time or is throttled (the gateway says 5xx then). "
    "A refusal (401) is an answer. Bad is also each time that a visitor from outside cannot sign in or connect.",
    visits=("sign-in", "connect"),
)
SEND = Availability(
    name="send",
    title="Sending",
    objective=AVAILABLE,
    functions=("send",),
    counts="Frames `send`, `edit`, `delete` and `react`. Bad are those that are answered with `unavailable` or "
    "`internal`, and those in which the function fails, runs out of time or is throttled (the gateway says `Internal "
    "server error` then). A refusal is an answer; but where more is sent than can be shown in time, what is refused is "
    "`unavailable` (metric `Overload`), and bad. Bad is also each message of a visitor from outside that is not "
    "acknowledged in ten seconds.",
    visits=("send",),
)
QUICK = Quickness(name="quick", title="Under 100 ms", objective=0.95, within_ms=100, counts=_DELIVERED)
PROMPT = Quickness(name="prompt", title="Under 300 ms", objective=0.99, within_ms=300, counts=_DELIVERED)

LEVELS: tuple[Level, ...] = (CONNECT, SEND, QUICK, PROMPT)


def budget(level: Level) -> float:
    """The share, of 1, that may be bad."""
    return round(1 - level.objective, 6)
