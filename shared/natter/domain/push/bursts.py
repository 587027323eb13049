"""
What a device was woken for in a conversation: each message once (P7), and many at once as one push.

A window begins with the first message that wakes the device, by the log's time, and is ten seconds long. Its first
three messages are pushed one by one; all others become one push, due when all of them have been looked at, which says
how many there were and replaces those before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.push.waking import WAIT_MS

WINDOW_MS = 10_000
SINGLE = 3
"""Messages of a window that are pushed one by one."""

MOST_REMEMBERED = 512
"""Messages and windows of one device and conversation; of more, the older half counts as told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A message for which a device is to be woken, if it was not before."""

    conversation_id: ConversationId
    user_id: UserId
    device_id: DeviceId
    seq: int
    at: int
    """When it happened, milliseconds of the log."""
    by: str
    """
    A name of this one claim, which not even the others of the same wave have: messages of a window would all be told
    that they stand for it. Of a claim whose answer was lost, the same is told the same.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """
    What came of a claim.

    `single`: it is pushed on its own, by whoever has claimed it and nobody else. `summary`: so is the push of its
    window. `later`: its window is not over. `again`: nothing is left to do for it.
    """

    turn: Literal["single", "summary", "later", "again"]
    count: int = 0
    """Of a summary: messages in the window."""
    due_at: int = 0
    """Of what is left for later, milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """A window."""

    count: int
    due_at: int
    """When those beyond the first three are told of, milliseconds: as late after its end as its first message was."""
    told_by: str | None = None
    """Who has claimed its push."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldBy:
    """It is pushed on its own, by who has claimed it; None: it is to be, its push was taken back."""

    name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Woken:
    """What is remembered of one device and conversation. The default: it was never woken there."""

    window: int | None = None
    """When the latest window began, milliseconds."""
    bursts: Mapping[int, Burst] = field(default_factory=dict)
    """By when they began."""
    messages: Mapping[int, ToldBy | int] = field(default_factory=dict)
    """By place: how it is told on its own, or with which window."""
    told_up_to: int = 0
    """All up to this place count as told."""


AGAIN = Claimed(turn="again")
_SINGLE = Claimed(turn="single")
_UNTOLD = ToldBy(name=None)


def claim(woken: Woken, *, seq: int, at: int, by: str, now: int) -> tuple[Woken, Claimed]:
    """
    What is known then, and what becomes of the message at `seq`. Asking again, at any time, wakes nobody twice.

    Messages may come in any order: one that happened before the window began is part of it, since it comes late. One
    that comes when the push of its window is under way begins a new window.
    """
    if seq <= woken.told_up_to:
        return woken, AGAIN
    if seq not in woken.messages:
        woken = _joined(woken, seq, at, now)
    known = woken.messages[seq]
    if isinstance(known, ToldBy):
        if known.name not in {None, by}:
            return woken, AGAIN
        return _noted(woken, seq, ToldBy(name=by)), _SINGLE
    burst = woken.bursts[known]
    if now < burst.due_at:
        return woken, Claimed(turn="later", due_at=burst.due_at)
    if burst.told_by not in {None, by}:
        return woken, AGAIN
    return _with_burst(woken, known, replace(burst, told_by=by)), Claimed(turn="summary", count=burst.count)


def release(woken: Woken, *, seq: int, by: str) -> Woken:
    """Take back one's claim of the message at `seq`, or of the push of its window: nothing was handed over."""
    known = woken.messages.get(seq)
    if isinstance(known, ToldBy):
        return _noted(woken, seq, _UNTOLD) if known.name == by else woken
    if known is not None and woken.bursts[known].told_by == by:
        return _with_burst(woken, known, replace(woken.bursts[known], told_by=None))
    return woken


def _joined(woken: Woken, seq: int, at: int, now: int) -> Woken:
    """With the message as part of its window: to be told on its own, or with it if others stand for it."""
    window = woken.window
    if window is None or at >= window + WINDOW_MS or woken.bursts[window].told_by is not None:
        begins = at if window is None else max(at, window + 1)
        burst = Burst(count=1, due_at=max(begins + WAIT_MS, now) + WINDOW_MS)
        woken = _remembering(replace(woken, window=begins), seq)
        return _noted(_with_burst(woken, begins, burst), seq, _UNTOLD)
    burst = woken.bursts[window]
    woken = _with_burst(woken, window, replace(burst, count=burst.count + 1))
    return _noted(woken, seq, _UNTOLD if burst.count < SINGLE else window)


def _remembering(woken: Woken, seq: int) -> Woken:
    """With less, if it is too much."""
    if len(woken.messages) + len(woken.bursts) < MOST_REMEMBERED:
        return woken
    places = sorted(woken.messages)
    floor = places[len(places) // 2]
    messages = {place: known for place, known in woken.messages.items() if place > floor}
    windows = {known for known in messages.values() if isinstance(known, int)}
    bursts = {began: burst for began, burst in woken.bursts.items() if began in windows}
    return replace(woken, messages=messages, bursts=bursts, told_up_to=max(woken.told_up_to, min(floor, seq - 1)))


def _noted(woken: Woken, seq: int, what: ToldBy | int) -> Woken:
    return replace(woken, messages={**woken.messages, seq: what})


def _with_burst(woken: Woken, began: int, burst: Burst) -> Woken:
    return replace(woken, bursts={**woken.bursts, began: burst})
