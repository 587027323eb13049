"""Frames by which people say something, and the answer to them."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator

from natter.domain.connections import Connection
from natter.domain.errors import TooLarge
from natter.domain.ids import ClientId, ConversationId
from natter.domain.messages.commands import Asked, Command, DeleteMessage, EditMessage, Item, PostMessage, React
from natter.domain.messages.events import JsonObject
from natter.names import CONTENT_LIMIT_BYTES
from natter.wire.base import Line, Seq, WireClientId, WireConversationId, WireModel, WireUserId
from natter.wire.content import Content
from natter.wire.frames import ClientFrame

MAX_MENTIONS = 100
"""With the largest content, the event still fits into a frame."""


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

    def command(self, sender: Connection, asked: Asked | None = None) -> Command:
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
        return Command(
            conversation_id=self.conversation_id,
            sender_id=sender.user_id,
            items=items,
            origin=sender,
            asked=asked,
        )


class AmendmentFrame(ClientFrame):
    """Changes what one message says."""

    conversation_id: WireConversationId
    client_id: WireClientId
    target_seq: Seq

    def _asks(self, item: Item, sender: Connection, asked: Asked | None) -> Command:
        return Command(
            conversation_id=self.conversation_id,
            sender_id=sender.user_id,
            items=(item,),
            origin=sender,
            asked=asked,
        )


class EditFrame(AmendmentFrame):
    action: Literal["edit"]
    content: Content

    def command(self, sender: Connection, asked: Asked | None = None) -> Command:
        """
        What is asked of the conversation.

        Raises:
            TooLarge: the content is over 24 KB when serialized.
        """
        content = _content(self.content, "content")
        return self._asks(
            EditMessage(client_id=self.client_id, target_seq=self.target_seq, content=content), sender, asked
        )


class DeleteFrame(AmendmentFrame):
    action: Literal["delete"]

    def command(self, sender: Connection, asked: Asked | None = None) -> Command:
        return self._asks(DeleteMessage(client_id=self.client_id, target_seq=self.target_seq), sender, asked)


class ReactFrame(AmendmentFrame):
    action: Literal["react"]
    reaction: Annotated[Line, Field(max_length=32)]
    remove: bool = False

    def command(self, sender: Connection, asked: Asked | None = None) -> Command:
        item = React(client_id=self.client_id, target_seq=self.target_seq, reaction=self.reaction, remove=self.remove)
        return self._asks(item, sender, asked)


CommandFrame = SendFrame | EditFrame | DeleteFrame | ReactFrame


COMMAND_FRAMES: Mapping[str, type[CommandFrame]] = {
    "send": SendFrame,
    "edit": EditFrame,
    "delete": DeleteFrame,
    "react": ReactFrame,
}
"""Frames that ask something of a conversation, by action."""


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
