"""Ports to the log (Kafka)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from natter.domain.fold.writes import Row
from natter.domain.ids import ConversationId
from natter.domain.messages.backlog import Backlog
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Emission, Head
from natter.domain.receipts import Cursor, CursorKey


class CommandLog(Protocol):
    """
    The commands of every conversation; their order here is their order for ever (P2).

    Order: of two appends to one conversation, the one that returned before the other began comes first (P4).
    Delivery: at least once. A command may appear twice; its client ids tell (P3).
    Sharing: safe across threads; one instance lives as long as its execution environment.
    """

    def append(self, command: Command) -> int:
        """
        Add `command` as one record, so it is in the log as a whole or not at all.

        Returns the log's timestamp, milliseconds, once all in-sync replicas have it (P1).

        Raises:
            Unavailable: not confirmed in bounded time. It may be in the log all the same; repeating is safe.
            TooLarge: it exceeds a record; it was not added.
        """


class LogEnds(Protocol):
    """How far the partitions of the commands' log go."""

    def ends(self, partitions: Collection[int]) -> Mapping[int, int]:
        """
        Of each, the offset of the next record.

        Raises:
            Unavailable: not all were answered in a fraction of a second.
        """


class Backlogs(Protocol):
    """
    Which partitions of the commands' log are behind. Nothing rests on it: it is forgotten after `VALID_MS`, may be
    lost, and of two who leave something at once one is overwritten.

    All methods raise `Unavailable` when there is no answer in time.
    """

    def get(self, partitions: Collection[int]) -> Mapping[int, Backlog]:
        """What was left of them, and added since; a partition of which nothing is known is left out."""

    def leave(self, backlogs: Collection[Backlog]) -> None:
        """Replace what is known of their partitions."""

    def add(self, known: Backlog, items: int) -> None:
        """Note that so many more wait, of who looked at `known`. It may be that something else was left meanwhile."""


class EventLog(Protocol):
    """What was sequenced. At least once: a replay emits again what it emitted before."""

    def emit(self, emissions: Sequence[Emission]) -> None:
        """
        Add all, and return when all in-sync replicas have them.

        Raises:
            Unavailable: some may be missing; emitting all of them again is safe.
        """


class EventStore(Protocol):
    """
    Writes the conversations' tables; `Timeline` reads them. Every write is at LOCAL_QUORUM: what was written is read.

    Cells are last-write-wins by the row's `written_at`; writing again is safe, in any order. All methods raise
    `Unavailable` when the store did not answer in time; writes may have happened then. Whatever else they raise is a
    refusal: of something in the rows, or of their `written_at`, of which it takes none that is too old.
    """

    def write(self, rows: Sequence[Row]) -> None:
        """Write all rows, concurrently; when it returns, all are stored."""

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        """
        Remove what writing `rows` may have left, as if it had never been tried, and every event above `head`, as far as
        it is not younger than it: also what is written later.

        What a row has emptied stays empty, and how far its sender had sent is noted as they were told.
        """

    def write_heads(self, heads: Sequence[Head]) -> None:
        """Write the heads, concurrently. What they cover must have been stored before."""

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        """Store what each has read and been shown, and `written_at`; what was sent stays untouched."""

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:
        """Whether it takes a write to the conversation with this timestamp; what is written for it, nobody reads."""


class ContentCheck(Protocol):
    """
    Looks at what is asked of a conversation before it reaches the log; by default nobody does.

    Called in the request of the sender, who waits for it, with what a member may ask by the rules of the
    conversation: messages, edits, deletions, reactions. A retry is looked at again.
    """

    def __call__(self, command: Command, /) -> None:
        """
        Let `command` pass by returning.

        Raises:
            Forbidden: it may not be said. Any other `NatterError` is told to the sender as well; whatever else is
                raised counts as no answer, and the sender is told to try again.
        """
