"""
Many messages of a conversation at once become one push.

A window begins with the first message that wakes a device, by the log's time, and is ten seconds long. The first three
of it are pushed one by one; all others become one push, sent when the window is over, that says how many there were and
replaces those before it. Windows are of a device: each is told how many there were for it.
"""

from dataclasses import dataclass
from enum import Enum

WINDOW_MS = 10_000
SINGLE = 3
"""Messages of a window that are pushed one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """The messages that a device was to be woken for since a window began."""

    began_at: int
    """When the first of them happened, milliseconds."""
    count: int = 1
    last_seq: int = 0

    @property
    def ends_at(self) -> int:
        return self.began_at + WINDOW_MS


class Part(Enum):
    """What a message is in its burst."""

    SINGLE = "single"
    """It is pushed on its own."""
    GATHERING = "gathering"
    """The first that is not: with it, one push is due at the end of the window."""
    GATHERED = "gathered"
    """It is one of those that this push counts."""


def joined(burst: Burst | None, *, seq: int, at: int) -> tuple[Burst, Part]:
    """
    The burst with the message at `seq`, which happened at `at`, and what it is in it.

    Messages may come in any order: one that happened before the window began belongs to it, too, since it comes late.
    Each must come once.
    """
    if burst is None or at >= burst.ends_at:
        return Burst(began_at=at, last_seq=seq), Part.SINGLE
    more = Burst(began_at=burst.began_at, count=burst.count + 1, last_seq=max(burst.last_seq, seq))
    if more.count <= SINGLE:
        return more, Part.SINGLE
    return more, Part.GATHERING if more.count == SINGLE + 1 else Part.GATHERED
