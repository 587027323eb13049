"""Port to the log as the ledger reads it: what was accepted, up to where that was decided, and what was set aside."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.messages.commands import Command


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Of a partition, what is to be looked at."""

    first: int
    end: int
    """`persist` has committed what lies before it."""
    missed: int = 0
    """How many records before `first` nobody has looked at, and the log does not have any more."""
    is_resumed: bool = True
    """From where the ledger was left; else from what the log has first, and much of it may have been looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """A record of the log."""

    partition: int
    offset: int
    at: int
    """The log's timestamp, milliseconds."""
    command: Command | None
    """None: it cannot be read."""


class CommandHistory(Protocol):
    """The log of commands, read again behind whoever decides. All methods raise `Unavailable`."""

    def stretches(self) -> Mapping[int, Stretch]:
        """Of every partition, from where the ledger was left up to what is decided; an empty stretch: nothing new."""

    def read(self, stretches: Mapping[int, Stretch]) -> Generator[Sequence[Logged]]:
        """All records of these, some at a time, those of each partition in their order. To be closed."""

    def looked_at(self, ends: Mapping[int, int]) -> None:
        """From here the ledger goes on, the next time."""

    def set_aside(self, since: int) -> Collection[tuple[int, int]]:
        """Partition and offset of the records that were set aside since then (milliseconds), or shortly before."""
