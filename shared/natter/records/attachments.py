"""Messages of the queue of files that are to go."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.attachments import ForgottenFiles
from natter.domain.ids import AttachmentId, ConversationId
from natter.records.base import loaded_message

FORGOTTEN_SCHEMA = "forgotten/1"


class _Forgotten(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{FORGOTTEN_SCHEMA}$")]
    conversation_id: ConversationId
    attachment_ids: tuple[AttachmentId, ...]


def dump_forgotten(forgotten: ForgottenFiles) -> str:
    return to_json(
        {
            "schema": FORGOTTEN_SCHEMA,
            "conversation_id": forgotten.conversation_id,
            "attachment_ids": forgotten.attachments,
        }
    ).decode()


def load_forgotten(body: str) -> ForgottenFiles:
    """
    Raises:
        BadRecordError: it is no message of a schema that is known here.
    """
    message = loaded_message(_Forgotten, body)
    return ForgottenFiles(conversation_id=message.conversation_id, attachments=message.attachment_ids)
