"""`Gate` of any admission and any limits, one after the other."""

from natter.domain.conversations.roster import ACROSS_A_BLOCK
from natter.domain.errors import Forbidden, NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.ports.conversations import Admission
from natter.ports.gate import Gate
from natter.ports.limits import RateLimits


class MemoryGate:
    def __init__(self, admission: Admission, limits: RateLimits) -> None:
        self._admission = admission
        self._limits = limits

    def enter(self, conversation: ConversationId, user: UserId, bucket: Bucket, cost: int = 1) -> bool:
        self._limits.take(bucket, user, cost)
        admitted = self._admission.roster(conversation).admit(user)
        if admitted is None:
            raise NotMember
        if admitted.blocked:
            raise Forbidden(ACROSS_A_BLOCK)
        return admitted.told


_: type[Gate] = MemoryGate
