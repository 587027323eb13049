"""Messages of the queue of those who are to be looked at."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json

from natter.domain.connections import ConnectionChange
from natter.domain.ids import ConnectionId, UserId
from natter.domain.presence import Look, Watcher
from natter.records.base import loaded, loaded_message

LOOK_SCHEMA = "look/1"


class _Look(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{LOOK_SCHEMA}$")]
    user_id: UserId
    watchers: tuple[tuple[UserId, ConnectionId], ...]
    attempt: int
    changed: bool = False


def dump_look(look: Look) -> str:
    return to_json(
        {
            "schema": LOOK_SCHEMA,
            "user_id": look.user_id,
            "watchers": [(watcher.user_id, watcher.connection_id) for watcher in look.watchers],
            "attempt": look.attempt,
            "changed": look.changed,
        }
    ).decode()


def load_look(body: str) -> Look:
    """
    Raises:
        BadRecordError: it is no message of a schema that is known here.
    """
    message = loaded_message(_Look, body)
    return Look(
        user_id=message.user_id,
        watchers=tuple(Watcher(user_id=user, connection_id=connection) for user, connection in message.watchers),
        attempt=message.attempt,
        changed=message.changed,
    )


CONNECTION_SCHEMA = b"connection/2"


_connection = TypeAdapter(ConnectionChange)


def dump_connection(change: ConnectionChange) -> bytes:
    return _connection.dump_json(change)


def load_connection(value: bytes, schema: bytes | None) -> ConnectionChange:
    """
    What a record says to have happened to a connection.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_connection, value, schema, expected=CONNECTION_SCHEMA)
