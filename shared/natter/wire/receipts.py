"""Bodies of the HTTP API of conversations that concern how far members have come."""

from collections.abc import Sequence
from typing import Literal, Self

from natter.domain.ids import ConversationId, UserId
from natter.domain.receipts import Progress
from natter.wire.base import Seq, WireConversationId, WireModel
from natter.wire.frames import ClientFrame


class ReadBody(WireModel):
    """Everything up to and including `seq` was read."""

    seq: Seq


class CursorItem(WireModel):
    user_id: UserId
    read_seq: int
    delivered_seq: int


class CursorsAnswer(WireModel):
    items: tuple[CursorItem, ...]

    @classmethod
    def of(cls, progress: Sequence[Progress]) -> Self:
        return cls(
            items=tuple(
                CursorItem(user_id=each.user_id, read_seq=each.read_seq or 0, delivered_seq=each.delivered_seq or 0)
                for each in progress
            )
        )


class ReadFrame(ClientFrame):
    """Everything up to and including `seq` was read."""

    action: Literal["read"]
    conversation_id: WireConversationId
    seq: Seq


class DeliveredFrame(ClientFrame):
    """Everything up to and including `seq` has arrived on a device."""

    action: Literal["delivered"]
    conversation_id: WireConversationId
    seq: Seq


class ReceiptItem(WireModel):
    """How far one member has come; what did not change, or is not shown to this reader, is left out."""

    user_id: UserId
    read_seq: int | None = None
    delivered_seq: int | None = None


class ReceiptFrame(WireModel):
    type: Literal["receipt"] = "receipt"
    conversation_id: ConversationId
    receipts: tuple[ReceiptItem, ...]

    @classmethod
    def of(cls, conversation: ConversationId, progress: Sequence[Progress]) -> Self:
        items = (
            ReceiptItem(user_id=each.user_id, read_seq=each.read_seq, delivered_seq=each.delivered_seq)
            for each in progress
        )
        return cls(conversation_id=conversation, receipts=tuple(items))
