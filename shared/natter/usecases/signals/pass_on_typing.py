"""Show the others of a conversation who is typing."""

from dataclasses import dataclass

from natter.domain.errors import NotMember, RateLimited
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import TYPING, TYPING_PER_USER, Bucket
from natter.domain.signals import MAX_TYPING_SHOWN, TypingState
from natter.ports.conversations import Admission
from natter.ports.frames import Frames
from natter.ports.limits import RateLimits
from natter.usecases.delivery.tell import Tell


@dataclass(frozen=True, kw_only=True)
class PassOnTyping:
    """
    Best effort: in a large conversation, too often, or across a block, it is not passed on; nobody is told so. A user
    who types in too many at once is not looked up; a stranger is refused however often they try within that. What is
    too often in one conversation takes nothing of what there is for the others.

    Raises:
        NotMember: the user does not belong to the conversation, or there is none.
        Unavailable: neither the members' snapshot nor the database answered in time.
    """

    admission: Admission
    limits: RateLimits
    frames: Frames
    tell: Tell

    def __call__(self, user: UserId, conversation: ConversationId, state: TypingState) -> None:
        here = f"{conversation}:{user}"
        try:
            self.limits.look(TYPING, here)  # only members have ever taken of it
            self.limits.take(TYPING_PER_USER, user)
        except RateLimited:
            return
        roster = self.admission.roster(conversation)
        members = roster.roles
        if user not in members:
            raise NotMember
        if not self._takes(TYPING, here) or roster.blocked or len(members) > MAX_TYPING_SHOWN:
            return
        self.tell(self.frames.typing(conversation, user, state), [each for each in members if each != user])

    def _takes(self, bucket: Bucket, key: str) -> bool:
        try:
            self.limits.take(bucket, key)
        except RateLimited:
            return False
        return True
