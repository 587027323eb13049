"""Commands and events as they lie in the log, in the outbox and in the tables."""

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from natter.domain.messages.commands import Command
from natter.domain.messages.events import Emission, Event, Head, JsonObject
from natter.domain.messages.states import MessageState
from natter.records.base import loaded

COMMAND_SCHEMA = b"command/2"


EVENTS_SCHEMA = b"events/1"


_command = TypeAdapter(Command)


_event = TypeAdapter(Event)


_emission = TypeAdapter(Emission)


_head = TypeAdapter(Head)
_state = TypeAdapter(MessageState)


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


def load_emission(value: bytes, schema: bytes | None) -> Emission:
    """
    The events of a record.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_emission, value, schema, expected=EVENTS_SCHEMA)


def dump_payload(payload: JsonObject) -> str:
    return to_json(payload).decode()


def load_payload(value: str) -> JsonObject:
    payload: JsonObject = from_json(value)
    return payload


def dump_state(state: MessageState) -> str:
    return _state.dump_json(state, exclude_defaults=True).decode()


def load_state(value: str) -> MessageState:
    return _state.validate_json(value)


def dump_head(head: Head) -> bytes:
    return _head.dump_json(head)


def load_head(value: str | bytes) -> Head:
    return _head.validate_json(value)
