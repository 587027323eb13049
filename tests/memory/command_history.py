"""`CommandHistory` in memory: partitions of records, and how far whoever decides has come, as it is told."""

from collections.abc import Collection, Generator, Mapping, Sequence

from natter.domain.messages.commands import Record
from natter.ports.ledger import CommandHistory, Logged, Stretch

TOGETHER = 2
"""So few that most of what is read comes in several pieces."""


class MemoryCommandHistory:
    """`dropped`: of each partition, how many of its first records the log does not have any more."""

    def __init__(self, *partitions: Sequence[Record], unreadable: Collection[tuple[int, int]] = ()) -> None:
        self.partitions = partitions
        self.decided = {number: len(records) for number, records in enumerate(partitions)}
        self.places: dict[int, int] = {}
        self.letters: set[tuple[int, int]] = set()
        self.dropped: dict[int, int] = {}
        self._unreadable = unreadable

    def stretches(self) -> Mapping[int, Stretch]:
        return {number: self._stretch(number, end) for number, end in self.decided.items()}

    def _stretch(self, number: int, end: int) -> Stretch:
        first = self.dropped.get(number, 0)
        looked_at, there = self.places.get(number, first), min(first, end)
        return Stretch(
            first=max(there, looked_at),
            end=end,
            missed=max(0, there - looked_at),
            is_resumed=number in self.places,
        )

    def read(self, stretches: Mapping[int, Stretch]) -> Generator[Sequence[Logged]]:
        for number, stretch in stretches.items():
            for first in range(stretch.first, stretch.end, TOGETHER):
                records = self.partitions[number][first : min(first + TOGETHER, stretch.end)]
                yield [self._logged(number, record) for record in records]

    def looked_at(self, ends: Mapping[int, int]) -> None:
        self.places |= ends

    def set_aside(self, since: int) -> Collection[tuple[int, int]]:  # noqa: ARG002 - all are at hand
        return self.letters

    def _logged(self, number: int, record: Record) -> Logged:
        is_readable = (number, record.offset) not in self._unreadable
        command = record.command if is_readable else None
        return Logged(partition=number, offset=record.offset, at=record.at, command=command)


_: type[CommandHistory] = MemoryCommandHistory
