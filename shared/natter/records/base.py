"""
Records of the log's topics. Their schema version stands in a header, so that a consumer knows before it parses;
messages of queues have it in their body.
"""

from pydantic import BaseModel, TypeAdapter, ValidationError

SCHEMA_HEADER = "schema"
TRACE_HEADER = "traceparent"
"""Of records, and the attribute of messages: where they come from. Nothing is decided by it, and it may be missing."""


class BadRecordError(Exception):
    """A record that can never be processed: not of a schema that is known here."""


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
