"""Messages of the queue of files."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.attachments import UnsettledFiles
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.records.base import loaded_message

UNSETTLED_SCHEMA = "unsettled/1"


class _Unsettled(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{UNSETTLED_SCHEMA}$")]
    conversation_id: ConversationId
    uploader: UserId
    attachment_ids: tuple[AttachmentId, ...]
    position: tuple[int, int]


def dump_unsettled(unsettled: UnsettledFiles) -> str:
    return to_json(
        {
            "schema": UNSETTLED_SCHEMA,
            "conversation_id": unsettled.conversation_id,
            "uploader": unsettled.uploader,
            "attachment_ids": unsettled.attachments,
            "position": unsettled.position,
        }
    ).decode()


def load_unsettled(body: str) -> UnsettledFiles:
    """
    Raises:
        BadRecordError: it is no message of a schema that is known here.
    """
    message = loaded_message(_Unsettled, body)
    return UnsettledFiles(
        conversation_id=message.conversation_id,
        uploader=message.uploader,
        attachments=message.attachment_ids,
        position=message.position,
    )
