"""Ports to receipts: the log of them, the cursors they move, and how they look on the wire."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.writes import Place
from natter.domain.ids import ConversationId, UserId
from natter.domain.receipts import Cursor, Receipt

type CursorKey = tuple[ConversationId, UserId]


class ReceiptLog(Protocol):
    """What members say of how far they have come. At least once; those of a conversation stay in their order."""

    def append(self, receipt: Receipt) -> None:
        """
        Add it, and return when all in-sync replicas have it.

        Raises:
            Unavailable: not confirmed in bounded time. It may be in the log all the same; repeating is safe.
        """


class Cursors(Protocol):
    """
    How far members have come. Every read and write is at LOCAL_QUORUM: what was written is read.

    All methods raise `Unavailable` when the store did not answer in time; writes may have happened then.
    """

    def cursors_of(self, keys: Collection[CursorKey]) -> Mapping[CursorKey, Cursor]:
        """These cursors; those never written are missing."""

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        """`message` events up to and including each place; places without an event are missing."""

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        """
        Store `read_seq`, `read_messages`, `delivered_seq` and `written_at` of each; what was sent stays untouched.

        Cells are last-write-wins by `written_at`; writing again is safe, in any order.
        """

    def membership_changes(self, conversation: ConversationId) -> Sequence[MembershipChange]:
        """All changes ever written of who belongs to it, unbounded by any head and in no order."""
