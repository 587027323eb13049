"""Put into the log how far a member says to have come."""

from dataclasses import dataclass

from natter.domain.errors import BadRequest, NotMember
from natter.domain.ids import ConversationId
from natter.domain.receipts import Receipt
from natter.ports.conversations import Admission
from natter.ports.reading import HeadCache, Timeline
from natter.ports.receipts import ReceiptLog


@dataclass(frozen=True, kw_only=True)
class NoteReceipt:
    """
    Admit, append. The cursor moves when the log is folded.

    Raises:
        BadRequest: the place is beyond the head.
        NotMember: the user does not belong to the conversation, or there is none.
        Unavailable: not confirmed; it may be in the log all the same, and repeating it is safe.
    """

    admission: Admission
    heads: HeadCache
    timeline: Timeline
    log: ReceiptLog

    def __call__(self, receipt: Receipt) -> None:
        conversation, user = receipt.conversation_id, receipt.user_id
        if self.admission.role(conversation, user) is None:
            raise NotMember
        if not self._exists(conversation, max(receipt.read_seq, receipt.delivered_seq)):
            raise BadRequest("seq: beyond the head")
        self.log.append(receipt)

    def _exists(self, conversation: ConversationId, seq: int) -> bool:
        """The cache may have lost its data and be behind: before a place is refused, the table is asked."""
        for heads in (self.heads.get, self.timeline.heads):
            head = heads([conversation]).get(conversation)
            if head is not None and seq <= head.seq:
                return True
        return False
