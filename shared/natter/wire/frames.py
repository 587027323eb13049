"""Frames of the WebSocket API: what clients send and what they are sent."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator

from natter.domain.connections import Connection
from natter.domain.errors import NatterError, TooLarge
from natter.domain.ids import ClientId, ConversationId
from natter.domain.messages.commands import Command, DeleteMessage, EditMessage, Item, PostMessage, React
from natter.domain.messages.events import Event, JsonObject
from natter.names import CONTENT_LIMIT_BYTES, FRAME_LIMIT_BYTES
from natter.wire.base import Line, Seq, WireClientId, WireConversationId, WireId, WireModel, WireUserId
from natter.wire.content import Content
from natter.wire.events import event_json

MAX_MENTIONS = 100
"""With the largest content, the event still fits into a frame."""


class ClientFrame(WireModel):
    action: str
    id: WireId | None = None


class OutgoingMessage(WireModel):
    client_id: WireClientId
    content: Content
    reply_to: Seq | None = None
    mentions: tuple[WireUserId, ...] = Field((), max_length=MAX_MENTIONS, strict=False)


class SendFrame(ClientFrame):
    """1-20 messages of one sender to one conversation: accepted or refused as a whole."""

    action: Literal["send"]
    conversation_id: WireConversationId
    messages: Annotated[tuple[OutgoingMessage, ...], Field(min_length=1, max_length=20, strict=False)]

    @field_validator("messages")
    @classmethod
    def _distinct(cls, messages: tuple[OutgoingMessage, ...]) -> tuple[OutgoingMessage, ...]:
        if len({message.client_id for message in messages}) < len(messages):
            raise ValueError("client_id: must be distinct within a frame")
        return messages

    def command(self, sender: Connection) -> Command:
        """
        What is asked of the conversation.

        Raises:
            TooLarge: a content is over 24 KB when serialized.
        """
        items = tuple(
            PostMessage(
                client_id=message.client_id,
                content=_content(message.content, f"messages.{index}.content"),
                reply_to=message.reply_to,
                mentions=message.mentions,
            )
            for index, message in enumerate(self.messages)
        )
        return Command(conversation_id=self.conversation_id, sender_id=sender.user_id, items=items, origin=sender)


class AmendmentFrame(ClientFrame):
    """Changes what one message says."""

    conversation_id: WireConversationId
    client_id: WireClientId
    target_seq: Seq

    def _asks(self, item: Item, sender: Connection) -> Command:
        return Command(conversation_id=self.conversation_id, sender_id=sender.user_id, items=(item,), origin=sender)


class EditFrame(AmendmentFrame):
    action: Literal["edit"]
    content: Content

    def command(self, sender: Connection) -> Command:
        """
        What is asked of the conversation.

        Raises:
            TooLarge: the content is over 24 KB when serialized.
        """
        content = _content(self.content, "content")
        return self._asks(EditMessage(client_id=self.client_id, target_seq=self.target_seq, content=content), sender)


class DeleteFrame(AmendmentFrame):
    action: Literal["delete"]

    def command(self, sender: Connection) -> Command:
        return self._asks(DeleteMessage(client_id=self.client_id, target_seq=self.target_seq), sender)


class ReactFrame(AmendmentFrame):
    action: Literal["react"]
    reaction: Annotated[Line, Field(max_length=32)]
    remove: bool = False

    def command(self, sender: Connection) -> Command:
        item = React(client_id=self.client_id, target_seq=self.target_seq, reaction=self.reaction, remove=self.remove)
        return self._asks(item, sender)


CommandFrame = SendFrame | EditFrame | DeleteFrame | ReactFrame

COMMAND_FRAMES: Mapping[str, type[CommandFrame]] = {
    "send": SendFrame,
    "edit": EditFrame,
    "delete": DeleteFrame,
    "react": ReactFrame,
}
"""Frames that ask something of a conversation, by action."""


class PingFrame(ClientFrame):
    action: Literal["ping"]


class Accepted(WireModel):
    client_id: ClientId
    at: int


class AckFrame(WireModel):
    """All messages of the frame are in the log on all in-sync replicas (P1)."""

    type: Literal["ack"] = "ack"
    id: str | None = None
    conversation_id: ConversationId
    accepted: tuple[Accepted, ...]

    @classmethod
    def of(cls, command: Command, *, at: int, id: str | None) -> Self:  # noqa: A002 - the protocol's name
        accepted = tuple(Accepted(client_id=item.client_id, at=at) for item in command.items)
        return cls(id=id, conversation_id=command.conversation_id, accepted=accepted)


class PongFrame(WireModel):
    type: Literal["pong"] = "pong"
    id: str
    at: int
    sync: Literal[True] | None = None
    """This connection was not registered any more: sync now."""


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


REFUSALS = {
    "not_member": "not a member of this conversation",
    "not_found": "the target is missing or not a message",
    "gone": "the message was deleted",
    "forbidden": "not allowed to change this message",
}
"""What the fold may refuse, in words."""


class JsonFrames:
    """`Frames` as the protocol has them."""

    def events(self, conversation: ConversationId, events: Sequence[Event]) -> Sequence[bytes]:
        head = b'{"type":"events","conversation_id":"' + conversation.encode() + b'","events":['
        frames: list[bytes] = []
        parts: list[bytes] = []
        size = len(head) + 2
        for event in events:
            part = event_json(event)
            if parts and size + len(part) + 1 > FRAME_LIMIT_BYTES:
                frames.append(head + b",".join(parts) + b"]}")
                parts, size = [], len(head) + 2
            parts.append(part)
            size += len(part) + 1
        frames.append(head + b",".join(parts) + b"]}")
        return frames

    def refusal(self, conversation: ConversationId, code: str, client_ids: Sequence[str]) -> bytes:
        return ErrorFrame(
            code=code, detail=REFUSALS[code], conversation_id=conversation, client_ids=tuple(client_ids)
        ).to_json()


def _content(content: Content, field: str) -> JsonObject:
    """
    `content` as it is kept.

    Raises:
        TooLarge: it is over 24 KB when serialized.
    """
    if len(content.to_json()) > CONTENT_LIMIT_BYTES:
        raise TooLarge(f"{field}: over {CONTENT_LIMIT_BYTES} bytes")
    kept: JsonObject = content.model_dump(exclude_none=True)
    return kept


def _text(value: object) -> str | None:
    """An id as it was sent, cut to an id's length: the answer has to fit into a frame, too."""
    return value[:64] if isinstance(value, str) else None
