"""
Records of the log's topics. Their schema version stands in a header, so that a consumer knows before it parses;
messages of queues have it in their body.
"""

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from natter.domain.connections import ConnectionChange
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Emission, Event, Head, JsonObject
from natter.domain.receipts import Receipt

SCHEMA_HEADER = "schema"
COMMAND_SCHEMA = b"command/2"
EVENTS_SCHEMA = b"events/1"
RECEIPT_SCHEMA = b"receipt/1"
CONNECTION_SCHEMA = b"connection/2"

_command = TypeAdapter(Command)
_connection = TypeAdapter(ConnectionChange)
_event = TypeAdapter(Event)
_head = TypeAdapter(Head)
_receipt = TypeAdapter(Receipt)


class BadRecordError(Exception):
    """A record that can never be processed: not of a schema that is known here."""


def dump_command(command: Command) -> bytes:
    return _command.dump_json(command, exclude_defaults=False, exclude_none=True)


def load_command(value: bytes, schema: bytes | None) -> Command:
    """
    The command of a record.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_command, value, schema, expected=COMMAND_SCHEMA)


def dump_event(event: Event) -> bytes:
    return _event.dump_json(event)


def load_event(value: str | bytes) -> Event:
    return _event.validate_json(value)


def dump_emission(emission: Emission) -> bytes:
    return to_json(
        {
            "conversation_id": emission.conversation_id,
            "events": emission.events,
            "members_seq": emission.members_seq,
        }
    )


def dump_receipt(receipt: Receipt) -> bytes:
    return _receipt.dump_json(receipt, exclude_defaults=True)


def load_receipt(value: bytes, schema: bytes | None) -> Receipt:
    """
    The receipt of a record.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_receipt, value, schema, expected=RECEIPT_SCHEMA)


def dump_connection(change: ConnectionChange) -> bytes:
    return _connection.dump_json(change)


def load_connection(value: bytes, schema: bytes | None) -> ConnectionChange:
    """
    What a record says to have happened to a connection.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_connection, value, schema, expected=CONNECTION_SCHEMA)


def dump_payload(payload: JsonObject) -> str:
    return to_json(payload).decode()


def load_payload(value: str) -> JsonObject:
    payload: JsonObject = from_json(value)
    return payload


def dump_head(head: Head) -> bytes:
    return _head.dump_json(head)


def load_head(value: str | bytes) -> Head:
    return _head.validate_json(value)


def loaded[Value](adapter: TypeAdapter[Value], value: bytes, schema: bytes | None, *, expected: bytes) -> Value:
    """
    The value of a record.

    Raises:
        BadRecordError: it is of another schema than `expected`, or does not fit it.
    """
    if schema != expected:
        raise BadRecordError(f"schema {schema!r}")
    try:
        return adapter.validate_json(value)
    except ValidationError as error:
        raise BadRecordError(f"{error.error_count()} errors in a record of {expected.decode()}") from None


def loaded_message[Message: BaseModel](model: type[Message], body: str) -> Message:
    """
    A message of a queue, which says itself of what schema it is.

    Raises:
        BadRecordError: it is no `model`.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise BadRecordError(f"{error.error_count()} errors in a message") from None
