"""
`Gate` on Valkey: the script of the limit and the look-up of the role go out together, and so does the answer.

Measured on loopback: 250 instead of 400 microseconds; over a network it is a whole round trip less.
"""

import logging

from natter.adapters.valkey.admission import ValkeyAdmission, look_up
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.rate_limits import move
from natter.domain.conversations.roster import ACROSS_A_BLOCK
from natter.domain.errors import Forbidden, NotMember, RateLimited, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.ports.gate import Gate

_logger = logging.getLogger(__name__)


class ValkeyGate:
    def __init__(self, valkey: Valkey, admission: ValkeyAdmission) -> None:
        self._valkey = valkey
        self._admission = admission

    def enter(self, conversation: ConversationId, user: UserId, bucket: Bucket, cost: int = 1) -> bool:
        try:
            with self._valkey.client() as client, client.pipeline(transaction=False) as both:
                move(both, bucket, user, cost)
                look_up(both, conversation, user)
                wait_ms, found = both.execute()
        except Unavailable as error:
            _logger.warning("rate limit %s is open: %s", bucket.name, error)
            admitted = self._admission.asked(conversation, error).admit(user)
        else:
            if wait_ms:
                raise RateLimited(retry_after_ms=wait_ms)
            admitted = self._admission.resolved(conversation, user, found)
        if admitted is None:
            raise NotMember
        if admitted.blocked:
            raise Forbidden(ACROSS_A_BLOCK)
        return admitted.told


_: type[Gate] = ValkeyGate
