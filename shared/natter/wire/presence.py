"""Messages of the queue of those whose grace is running."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.ids import UserId
from natter.wire.records import loaded_message

GRACE_SCHEMA = "grace/1"


class _Grace(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{GRACE_SCHEMA}$")]
    user_id: UserId


def dump_grace(user: UserId) -> str:
    return to_json({"schema": GRACE_SCHEMA, "user_id": user}).decode()


def load_grace(body: str) -> UserId:
    """
    Whose grace is over.

    Raises:
        BadRecordError: it is no message of a schema that is known here.
    """
    return loaded_message(_Grace, body).user_id
