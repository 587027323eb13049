"""Ports to the conversations' tables (Keyspaces) and what is cached of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.conversations.members import MemberKey, Standing
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.writes import ClientIdKey, Outcome, Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event, Head, HeadPlace
from natter.domain.messages.states import MarkKey, MessageState
from natter.domain.receipts import Cursor, CursorKey


class Timeline(Protocol):
    """
    Reads the conversations' tables, for the fold and for readers. Every read is at LOCAL_QUORUM.

    Where no place is named up to which to read, rows above the head are among what is read: leftovers of a fold that
    did not finish. What lies at or below
    a head that was read before is complete. All methods raise `Unavailable` when the store did not answer in time.
    """

    def read(self, wanted: Wanted) -> Known:
        """
        All that the fold wants: the heads first, then the rest concurrently.

        So what lies at or below a head read here is found completely, even while another fold is writing.
        """

    def outcomes(self, keys: Collection[ClientIdKey]) -> Mapping[ClientIdKey, Sequence[Outcome]]:
        """What became of each of these client ids, each time that it was spent."""

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        """The heads of those that have one."""

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        """The events at places `first` to `last`, both included, read lazily in pages."""

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        """The events at these places, as they are now; places without one are missing."""

    def places_of_file(
        self, conversation: ConversationId, attachment: AttachmentId, first: int, last: int, *, limit: int
    ) -> Sequence[int]:
        """
        Of the messages at places `first` to `last` that show the file, or have shown it, the last `limit`, the last
        first.
        """

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        """`message` events up to and including each place; places without an event are missing."""

    def states(self, places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        """
        What has become of the messages at these places by the event at `up_to`; those to which nothing has happened
        until then are missing.
        """

    def marks(self, keys: Collection[MarkKey], *, up_to: int) -> Mapping[MarkKey, bool]:
        """Who had set a reaction by the event at `up_to`, of those whom the states do not name."""

    def rosters(self, places: Mapping[ConversationId, tuple[int, int]]) -> Mapping[ConversationId, Roster]:
        """
        Who belongs to each conversation at any place from a first to a last one, both folded.

        Of the changes before the first place a bounded number is read, however many there were.
        """

    def standings(self, up_to: Mapping[MemberKey, int]) -> Mapping[MemberKey, Standing]:
        """How each stands by the event at a place: one row of each. Whom nothing concerned until then are missing."""

    def first_place(self, conversation: ConversationId, user: UserId) -> int | None:
        """The place of the first event that concerned how the user stands, be it above the head; None: of no event."""

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

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        """As `get`, of each head only where it is: for thousands of them, however long their last messages are."""

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        """
        What `read` says of them, kept for the next: but for what was advanced, or lost again, while it read.

        A cache that does not answer keeps nothing.

        Raises:
            Unavailable: `read` raised it.
        """
