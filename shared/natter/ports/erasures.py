"""Port to the erasures of accounts: what is still to be done of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.ids import ConversationId, UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    user_id: UserId
    requested_at: int
    """Milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emptying:
    """A conversation in which what somebody has said is still to be emptied."""

    conversation_id: ConversationId
    told: bool
    """The conversation has been told, or `relay` will."""
    emptied_to: int
    """Up to which place that is done; 0: not begun."""


class Erasures(Protocol):
    """
    Accounts that are gone, or about to be. All methods may be repeated, and raise `Unavailable` when the store does
    not answer in time: it may have been done all the same.
    """

    def request(self, user: UserId, *, at: int) -> None:
        """
        From now on there is no such user: they cannot sign in, are not found, and are called `DELETED_NAME` where they
        are still a member; in every conversation that they are or were in, readers are shown nothing that they have
        said. The username stays taken for ever. What else is known of them is to be forgotten and emptied.
        """

    def requested(self, user: UserId) -> bool: ...

    def unfinished(self, *, limit: int) -> Sequence[Erasure]:
        """At most `limit` that are not done, the longest waiting first."""

    def emptyings(self, user: UserId) -> Sequence[Emptying]:
        """
        Of all conversations that the user is or was in, those that are not emptied; also such as a request that was
        under way when the erasure was asked for has added since.
        """

    def note_emptied(self, user: UserId, conversation: ConversationId, *, to: int, done: bool) -> None:
        """Up to place `to` nothing is left that the user has said there; `done`: nothing at all."""

    def forget(self, user: UserId) -> None:
        """
        Delete their contacts, blocks, devices, sessions, settings and exports, and everybody's contacts and blocks of
        them. Of what they have reported, their words are deleted.
        """

    def finish(self, user: UserId, *, at: int) -> bool:
        """Forget once more, and note that it is done; False, and not done, while there is something to be emptied."""
