"""Ports to the conversations' tables (Keyspaces) and what is cached of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.conversations import Cursor, Event, Head, MembershipChange
from natter.domain.ids import ConversationId, UserId
from natter.domain.pages import StoredEffect
from natter.domain.rows import Outcome, Place, Row, SpentKey
from natter.domain.targets import Effect


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the fold of a batch has to know."""

    conversations: Collection[ConversationId] = ()
    """Heads and membership changes of these."""
    keys: Collection[SpentKey] = ()
    targets: Collection[Place] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """
    What the store says, missing where it has nothing.

    Nothing here is bounded by a head: rows above it are leftovers of a fold that did not finish.
    """

    heads: Mapping[ConversationId, Head]
    membership_changes: Mapping[ConversationId, Sequence[MembershipChange]]
    outcomes: Mapping[SpentKey, Sequence[Outcome]]
    """One for each time that the client id was spent."""
    targets: Mapping[Place, Event]
    effects: Mapping[Place, Sequence[Effect]]


class FoldStore(Protocol):
    """
    What the fold reads and writes. Every read and write is at LOCAL_QUORUM: what was written is read.

    Cells are last-write-wins by the row's `written_at`; writing again is safe, in any order. All methods raise
    `Unavailable` when the store did not answer in time; writes may have happened then.
    """

    def read(self, wanted: Wanted) -> Known:
        """
        All that is wanted: the heads first, then the rest concurrently.

        So what lies at or below a head read here is found completely, even while another fold is writing.
        """

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        """The events at these places, as they are now."""

    def effects_on(self, places: Collection[Place]) -> Mapping[Place, Sequence[StoredEffect]]:
        """All effects on the messages at these places, those on one in the order of their places."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write all rows, concurrently; when it returns, all are stored."""

    def write_heads(self, heads: Sequence[Head]) -> None:
        """Write the heads, concurrently. What they cover must have been stored before."""


class Timeline(Protocol):
    """What readers see of conversations. Same consistency and errors as `FoldStore`."""

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        """The heads of those that have one."""

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        """The events at places `first` to `last`, both included, read lazily in pages."""

    def effects(self, conversation: ConversationId, targets: Sequence[range]) -> Iterable[StoredEffect]:
        """
        All effects on the messages at places in `targets` (no two overlap), read lazily: there may be many.

        Those on one message come in the order of their places. They are unbounded by any head: what is at or below a
        head that was read before is complete.
        """

    def membership_changes_of(
        self, user: UserId, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        """All changes ever written of the user's own membership, unbounded by any head and in no order."""

    def cursors(self, user: UserId, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Cursor]:
        """The user's cursors, unbounded by any head; those never written are missing."""


ReadTable = Callable[[Sequence[ConversationId]], Mapping[ConversationId, Head]]


class HeadCache(Protocol):
    """
    The heads of conversations, close at hand. A head here only moves forward.

    A reader that was registered for delivery before it reads a head here either sees an event in it or gets
    it live: the cache is advanced before connections are looked up. For that, a cache that lost its data must
    not learn a head from who has had it for a while: only `fill` puts in what is not there.
    """

    def advance(self, heads: Sequence[Head]) -> None:
        """
        Move what is cached forward to `heads`; older ones change nothing.

        What is not cached stays so, and who is about to fill it with what may be older fails to.

        Raises:
            Unavailable: some may not have moved.
        """

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        """Those that are cached; none, if the cache does not answer."""

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        """
        What `read` says of them, kept for the next: but for what was advanced, or lost again, while it read.

        A cache that does not answer keeps nothing.

        Raises:
            Unavailable: `read` raised it.
        """
