"""`Backlogs` and `LogEnds` in memory."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from natter.domain.clock import NowMs
from natter.domain.messages.backlog import VALID_MS, Backlog
from natter.ports.messages import Backlogs, LogEnds


class MemoryBacklogs:
    def __init__(self, clock: NowMs) -> None:
        self._clock = clock
        self._left: dict[int, tuple[int, Backlog]] = {}
        """With when it was touched last."""

    def get(self, partitions: Collection[int]) -> Mapping[int, Backlog]:
        found = {each: self._left[each] for each in partitions if each in self._left}
        return {each: known for each, (touched_at, known) in found.items() if self._clock() < touched_at + VALID_MS}

    def leave(self, backlogs: Collection[Backlog]) -> None:
        self._left |= {each.partition: (self._clock(), each) for each in backlogs}

    def add(self, known: Backlog, items: int) -> None:
        now = self.get([known.partition]).get(known.partition)
        if now is not None:
            self._left[known.partition] = self._clock(), replace(now, added=now.added + items)


class MemoryLogEnds:
    """
    Args:
        length: of a partition.
    """

    def __init__(self, length: Callable[[int], int]) -> None:
        self._length = length

    def ends(self, partitions: Collection[int]) -> Mapping[int, int]:
        return {each: self._length(each) for each in partitions}


_backlogs: type[Backlogs] = MemoryBacklogs
_ends: type[LogEnds] = MemoryLogEnds
