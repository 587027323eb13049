"""
What a device was woken for in a conversation: each message once (P7), and many at once as one push.

A window begins with the first message that wakes the device, by the log's time, and is ten seconds long. Its first
three messages are pushed one by one; all others become one push, due when the last of them was looked at, which says
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
    is_told: bool = False
    """Somebody has claimed its push."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Woken:
    """What is remembered of one device and conversation. The default: it was never woken there."""

    window: int | None = None
    """When the latest window began, milliseconds."""
    bursts: Mapping[int, Burst] = field(default_factory=dict)
    """By when they began."""
    messages: Mapping[int, Literal["told", "untold"] | int] = field(default_factory=dict)
    """By place: pushed on its own, to be pushed so (its push was taken back), or told of with the window begun then."""
    told_up_to: int = 0
    """All up to this place count as told."""


AGAIN = Claimed(turn="again")
_SINGLE = Claimed(turn="single")


def claim(woken: Woken, *, seq: int, at: int, now: int) -> tuple[Woken, Claimed]:
    """
    What is known then, and what becomes of the message at `seq`. Asking again, at any time, wakes nobody twice.

    Messages may come in any order: one that happened before the window began is part of it, since it comes late. One
    that comes when the push of its window is under way begins a new window.
    """
    if seq <= woken.told_up_to:
        return woken, AGAIN
    known = woken.messages.get(seq)
    if known is None:
        woken = _joined(woken, seq, at)
        known = woken.messages[seq]
    if known == "told":
        return woken, AGAIN
    if known == "untold":
        return _noted(woken, seq, "told"), _SINGLE
    due_at = known + WINDOW_MS + WAIT_MS
    if now < due_at:
        return woken, Claimed(turn="later", due_at=due_at)
    burst = woken.bursts[known]
    if burst.is_told:
        return woken, AGAIN
    return _with_burst(woken, known, replace(burst, is_told=True)), Claimed(turn="summary", count=burst.count)


def release(woken: Woken, *, seq: int) -> Woken:
    """Take back the claim of the message at `seq`, or of the push of its window: nothing was handed over."""
    known = woken.messages.get(seq)
    if known == "told":
        return _noted(woken, seq, "untold")
    if isinstance(known, int):
        return _with_burst(woken, known, replace(woken.bursts[known], is_told=False))
    return woken


def _joined(woken: Woken, seq: int, at: int) -> Woken:
    """With the message as part of its window: `untold`, or the window's beginning if others stand for it."""
    window = woken.window
    if window is None or at >= window + WINDOW_MS or woken.bursts[window].is_told:
        begins = at if window is None else max(at, window + 1)
        woken = _remembering(replace(woken, window=begins), seq)
        return _noted(_with_burst(woken, begins, Burst(count=1)), seq, "untold")
    burst = woken.bursts[window]
    woken = _with_burst(woken, window, replace(burst, count=burst.count + 1))
    return _noted(woken, seq, "untold" if burst.count < SINGLE else window)


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


def _noted(woken: Woken, seq: int, what: Literal["told", "untold"] | int) -> Woken:
    return replace(woken, messages={**woken.messages, seq: what})


def _with_burst(woken: Woken, began: int, burst: Burst) -> Woken:
    return replace(woken, bursts={**woken.bursts, began: burst})
