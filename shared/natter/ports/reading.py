"""Ports to the conversations' tables (Keyspaces) and what is cached of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.conversations.members import MembershipChange
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.reading.pages import StoredEffect
from natter.domain.receipts import Cursor


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
