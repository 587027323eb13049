"""Frames that are of use only now: how far members have come, who is typing, who is there."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field

from natter.domain.conversations.records import MemberSettings
from natter.domain.ids import ConversationId, UserId
from natter.domain.presence import MAX_WATCHED, DeviceState, Presence, PresenceState
from natter.domain.receipts import Progress
from natter.domain.signals import TypingState
from natter.wire.base import Seq, WireConversationId, WireModel, WireUserId
from natter.wire.frames import ClientFrame, PingFrame


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


class TypingFrame(ClientFrame):
    action: Literal["typing"]
    conversation_id: WireConversationId
    state: TypingState


class WatchFrame(ClientFrame):
    """Replaces whom this connection watches, for ten minutes; whom the user may not see is left out."""

    action: Literal["watch"]
    user_ids: tuple[WireUserId, ...] = Field(max_length=MAX_WATCHED, strict=False)


class StatusFrame(ClientFrame):
    """How the user is on this device, until it connects again."""

    action: Literal["status"]
    state: DeviceState


SignalFrame = PingFrame | ReadFrame | DeliveredFrame | TypingFrame | WatchFrame | StatusFrame

SIGNAL_FRAMES: Mapping[str, type[SignalFrame]] = {
    "ping": PingFrame,
    "read": ReadFrame,
    "delivered": DeliveredFrame,
    "typing": TypingFrame,
    "watch": WatchFrame,
    "status": StatusFrame,
}
"""Frames that leave nothing in the conversation, by action."""


class OkFrame(WireModel):
    type: Literal["ok"] = "ok"
    id: str


class ReceiptItem(WireModel):
    """How far one member has come; what did not change, or is not shown to this reader, is left out."""

    user_id: UserId
    read_seq: int | None = None
    delivered_seq: int | None = None


class ReceiptFrame(WireModel):
    type: Literal["receipt"] = "receipt"
    conversation_id: ConversationId
    receipts: tuple[ReceiptItem, ...]


class TypingNoticeFrame(WireModel):
    """Forgotten after 6 s."""

    type: Literal["typing"] = "typing"
    conversation_id: ConversationId
    user_id: UserId
    state: TypingState


class PresenceItem(WireModel):
    user_id: UserId
    state: PresenceState
    last_seen_at: int | None = None

    @classmethod
    def of(cls, presence: Presence) -> Self:
        return cls(user_id=presence.user_id, state=presence.state, last_seen_at=presence.last_seen_at)


class PresenceFrame(WireModel):
    """Answers `watch`, with its `id`; afterwards, without one, what has changed."""

    type: Literal["presence"] = "presence"
    id: str | None = None
    users: tuple[PresenceItem, ...]

    @classmethod
    def of(cls, presences: Sequence[Presence], *, id_: str | None = None) -> Self:
        return cls(id=id_, users=tuple(map(PresenceItem.of, presences)))


class SettingsFrame(WireModel):
    """How a conversation is to be shown was changed on another of one's devices."""

    type: Literal["settings"] = "settings"
    conversation_id: ConversationId
    muted_until: int | None
    archived: bool


class SignedOutFrame(WireModel):
    """The session ended; the connection closes."""

    type: Literal["signed_out"] = "signed_out"


def settings_frame(conversation: ConversationId, settings: MemberSettings) -> bytes:
    return SettingsFrame(
        conversation_id=conversation, muted_until=settings.muted_until, archived=settings.archived
    ).to_json()


class JsonSignalFrames:
    """`SignalFrames` and `PresenceFrames` as the protocol has them."""

    def receipts(self, conversation: ConversationId, progress: Sequence[Progress]) -> bytes:
        items = tuple(
            ReceiptItem(user_id=each.user_id, read_seq=each.read_seq, delivered_seq=each.delivered_seq)
            for each in progress
        )
        return ReceiptFrame(conversation_id=conversation, receipts=items).to_json()

    def typing(self, conversation: ConversationId, user: UserId, state: TypingState) -> bytes:
        return TypingNoticeFrame(conversation_id=conversation, user_id=user, state=state).to_json()

    def presence(self, presences: Sequence[Presence]) -> bytes:
        return PresenceFrame.of(presences).to_json()
