"""Frames of the WebSocket API: what clients send and what they are sent."""

from typing import Any, Literal, Self

from natter.domain.conversations.records import MemberSettings, Notify
from natter.domain.errors import NatterError
from natter.domain.ids import ConversationId
from natter.wire.base import WireId, WireModel

SUBPROTOCOL = "natter.v1"
"""What a client may offer (RFC 6455, 1.9): these frames."""


class ClientFrame(WireModel):
    action: str
    id: WireId | None = None


class ErrorFrame(WireModel):
    """A frame that was refused, as a whole."""

    type: Literal["error"] = "error"
    id: str | None = None
    code: str
    detail: str
    retry_after_ms: int | None = None
    conversation_id: str | None = None
    client_ids: tuple[str, ...] | None = None

    @classmethod
    def of(cls, error: NatterError, frame: Any) -> "ErrorFrame":
        """The answer to `frame`, a parsed JSON value of any shape: what can be recognised of it comes back."""
        fields = frame if isinstance(frame, dict) else {}
        messages = fields.get("messages")
        sent = messages if isinstance(messages, list) else [fields]
        client_ids = tuple(
            client_id
            for message in sent
            if isinstance(message, dict) and (client_id := _text(message.get("client_id"))) is not None
        )
        return cls(
            id=_text(fields.get("id")),
            code=error.code,
            detail=error.detail,
            retry_after_ms=error.retry_after_ms,
            conversation_id=_text(fields.get("conversation_id")),
            client_ids=client_ids or None,
        )


class SettingsFrame(WireModel):
    """How a conversation is to be shown was changed on another of one's devices."""

    type: Literal["settings"] = "settings"
    conversation_id: ConversationId
    muted_until: int | None
    archived: bool
    notify: Notify

    @classmethod
    def of(cls, conversation: ConversationId, settings: MemberSettings) -> Self:
        return cls(
            conversation_id=conversation,
            muted_until=settings.muted_until,
            archived=settings.archived,
            notify=settings.notify,
        )


class SignedOutFrame(WireModel):
    """The session ended; the connection closes."""

    type: Literal["signed_out"] = "signed_out"


REFUSALS = {
    "not_member": "not a member of this conversation",
    "not_found": "the target is missing or not a message",
    "gone": "the message was deleted",
    "forbidden": "not allowed to change this message",
    "conflict": "the message takes no more of these",
}
"""What the fold may refuse, in words."""


def _text(value: object) -> str | None:
    """An id as it was sent, cut to an id's length: the answer has to fit into a frame, too."""
    return value[:64] if isinstance(value, str) else None


class OkFrame(WireModel):
    type: Literal["ok"] = "ok"
    id: str
