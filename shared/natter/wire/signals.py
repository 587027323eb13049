"""Frames that leave nothing in the conversation: which there are, by action; `ping` and `typing` are here."""

from collections.abc import Mapping
from typing import Literal

from natter.domain.ids import ConversationId, UserId
from natter.domain.signals import TypingState
from natter.wire.base import WireConversationId, WireModel
from natter.wire.frames import ClientFrame
from natter.wire.presence import StatusFrame, WatchFrame
from natter.wire.receipts import DeliveredFrame, ReadFrame


class PingFrame(ClientFrame):
    action: Literal["ping"]


class PongFrame(WireModel):
    type: Literal["pong"] = "pong"
    id: str
    at: int
    sync: Literal[True] | None = None
    """This connection was not registered any more: sync now."""


class TypingFrame(ClientFrame):
    action: Literal["typing"]
    conversation_id: WireConversationId
    state: TypingState


class TypingNoticeFrame(WireModel):
    """Forgotten after 6 s."""

    type: Literal["typing"] = "typing"
    conversation_id: ConversationId
    user_id: UserId
    state: TypingState


SignalFrame = PingFrame | ReadFrame | DeliveredFrame | TypingFrame | WatchFrame | StatusFrame

SIGNAL_FRAMES: Mapping[str, type[SignalFrame]] = {
    "ping": PingFrame,
    "read": ReadFrame,
    "delivered": DeliveredFrame,
    "typing": TypingFrame,
    "watch": WatchFrame,
    "status": StatusFrame,
}
