"""Port to what every frame has to pass."""

from dataclasses import dataclass
from typing import Protocol

from natter.domain.connections import Connection
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.domain.messages.backlog import Backlog


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """How somebody was let pass who belongs to a conversation."""

    told: bool
    """
    Whether the log was told before that they belong to it, in the role that they have. If not, it may not have been,
    and what they ask must not get ahead of it (`Announce.complete`).
    """
    backlog: Backlog | None = None
    """Of the conversation's partition, if it is known to be behind."""


class Gate(Protocol):
    """
    What every frame of a connection has to pass, with one question, for every round trip shows.

    A connection whose session has ended passes nothing. That the session lives is taken for granted if it is known
    close at hand, or if the connection is registered: the end of a session is noted for as long as its connections
    may live, and takes them out of the registry. Where both are lost, the truth is asked, and the answer remembered.
    Limits fail open, and who belongs to a conversation is asked for, as `RateLimits` and `Admission` say.
    """

    def admit(self, connection: Connection, bucket: Bucket | None) -> None:
        """
        Let a frame pass that is for no conversation, or is not to change it; it takes a token from `bucket`, if any.

        Raises:
            Unauthenticated: its session has ended.
            RateLimited: the user has no token.
            Unavailable: nobody who knows the session answered in time.
        """

    def enter(
        self,
        conversation: ConversationId,
        user: UserId,
        bucket: Bucket,
        cost: int = 1,
        *,
        origin: Connection | None = None,
    ) -> Entered:
        """
        Take `cost` of the user's tokens, or none, and let those pass who belong to the conversation.

        Who is refused may have spent tokens. `origin` is the connection that asks; None: it is not asked for.

        Raises:
            Unauthenticated: the session of `origin` has ended.
            RateLimited: there are not enough tokens.
            NotMember: the user does not belong to the conversation, or there is none (P8).
            Forbidden: it is a direct conversation, and one of the two has blocked the other.
            Unavailable: neither the cache nor the database answered in time.
        """
