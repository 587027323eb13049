"""Messages of the queue of closures."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.connections import Closure, Connection
from natter.records.base import loaded_message

CLOSURE_SCHEMA = "closure/1"


class _Closure(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{CLOSURE_SCHEMA}$")]
    connection: Connection
    signed_out: bool
    attempt: int


def dump_closure(closure: Closure) -> str:
    return to_json(
        {
            "schema": CLOSURE_SCHEMA,
            "connection": closure.connection,
            "signed_out": closure.signed_out,
            "attempt": closure.attempt,
        }
    ).decode()


def load_closure(body: str) -> Closure:
    """
    Raises:
        BadRecordError: it is no closure of a schema that is known here.
    """
    message = loaded_message(_Closure, body)
    return Closure(connection=message.connection, signed_out=message.signed_out, attempt=message.attempt)
