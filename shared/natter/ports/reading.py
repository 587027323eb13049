"""Ports to the conversations' tables (Keyspaces) and what is cached of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.writes import Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.reading.pages import StoredEffect
from natter.domain.receipts import Cursor, CursorKey


class Timeline(Protocol):
    """
    Reads the conversations' tables, for the fold and for readers. Every read is at LOCAL_QUORUM.

    What is read is bounded by no head: rows above it are leftovers of a fold that did not finish. What lies at or below
    a head that was read before is complete. All methods raise `Unavailable` when the store did not answer in time.
    """

    def read(self, wanted: Wanted) -> Known:
        """
        All that the fold wants: the heads first, then the rest concurrently.

        So what lies at or below a head read here is found completely, even while another fold is writing.
        """

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        """The heads of those that have one."""

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        """The events at places `first` to `last`, both included, read lazily in pages."""

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        """The events at these places, as they are now; places without one are missing."""

    def places_of_file(
        self, conversation: ConversationId, attachment: AttachmentId, first: int, last: int, *, limit: int
    ) -> Sequence[int]:
        """Of the messages at places `first` to `last` that show the file, or have shown it, the last `limit`."""

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        """`message` events up to and including each place; places without an event are missing."""

    def effects(self, conversation: ConversationId, targets: Sequence[range]) -> Iterable[StoredEffect]:
        """
        All effects on the messages at places in `targets` (no two overlap), read lazily: there may be many.

        Those on one message come in the order of their places.
        """

    def effects_on(self, places: Collection[Place]) -> Mapping[Place, Sequence[StoredEffect]]:
        """All effects on the messages at these places, those on one in the order of their places."""

    def membership_changes(self, conversation: ConversationId) -> Sequence[MembershipChange]:
        """All changes ever written of who belongs to it, in no order."""

    def membership_changes_of(
        self, user: UserId, conversations: Iterable[ConversationId]
    ) -> Mapping[ConversationId, Sequence[MembershipChange]]:
        """All changes ever written of the user's own membership, in no order."""

    def cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        """How far these members have come; those of whom nothing was written are missing."""


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
