"""Port to what every frame that is to change a conversation has to pass."""

from typing import Protocol

from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket


class Gate(Protocol):
    """`RateLimits.take` and `Admission.roster` with one question, for a path where every round trip shows."""

    def enter(self, conversation: ConversationId, user: UserId, bucket: Bucket, cost: int = 1) -> bool:
        """
        Take `cost` of the user's tokens, or none, and let those pass who belong to the conversation.

        True: the log was told before that they belong to it, in the role that they have. False: it may not have been,
        and what they ask must not get ahead of it (`Announce.complete`).

        Who is refused may have spent tokens. Fails open and falls back as the two do.

        Raises:
            RateLimited: there are not enough tokens.
            NotMember: the user does not belong to the conversation, or there is none (P8).
            Forbidden: it is a direct conversation, and one of the two has blocked the other.
            Unavailable: neither the snapshot nor the database answered in time.
        """
