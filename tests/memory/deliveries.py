"""`FanoutLog`, `SliceQueue` and `ClosureQueue` in memory."""

from collections.abc import Sequence

from natter.domain.connections import Closure
from natter.domain.delivery import Slice, Undelivered
from natter.domain.errors import Unavailable
from natter.ports.delivery import ClosureQueue, FanoutLog, SliceQueue


class MemoryFanoutLog:
    """`records` holds what was added, in order."""

    def __init__(self) -> None:
        self.records: list[Undelivered] = []

    def add(self, undelivered: Sequence[Undelivered]) -> None:
        self.records.extend(undelivered)


class MemorySliceQueue:
    """Hands everything out at once; `delays_s` says after how long the queue would have."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.delays_s: list[int] = []

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        self.slices.extend(slices)
        self.delays_s.extend([delay_s] * len(slices))

    def take(self) -> Sequence[Slice]:
        """All that wait, which then wait no longer."""
        taken, self.slices, self.delays_s = self.slices, [], []
        return taken


class MemoryClosureQueue:
    """Hands everything out at once; `delays_s` says after how long the queue would have."""

    def __init__(self) -> None:
        self.answers = True
        self.closures: list[Closure] = []
        self.delays_s: list[int] = []

    def add(self, closures: Sequence[Closure], *, delay_s: int = 0) -> None:
        if not self.answers:
            raise Unavailable("the queue of closures")
        self.closures.extend(closures)
        self.delays_s.extend([delay_s] * len(closures))

    def take(self) -> Sequence[Closure]:
        """All that wait, which then wait no longer."""
        taken, self.closures, self.delays_s = self.closures, [], []
        return taken


_fanout: type[FanoutLog] = MemoryFanoutLog
_queue: type[SliceQueue] = MemorySliceQueue
_closures: type[ClosureQueue] = MemoryClosureQueue
