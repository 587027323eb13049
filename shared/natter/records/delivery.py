"""Records of `chat.fanout`, and messages of the queue of slices."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json

from natter.domain.connections import Connection
from natter.domain.delivery import Slice, Undelivered
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, SessionId, UserId
from natter.records.base import loaded, loaded_message

FANOUT_SCHEMA = b"fanout/1"
SLICE_SCHEMA = "slice/2"
SLICES_READ = "slice/1|slice/2"
"""A deployment finds those of the version before in the queue: it does not say since when they are on their way."""

_undelivered = TypeAdapter(Undelivered)


class _Slice(BaseModel):
    """Connections of one management endpoint stand together: it is half of what would be said of each."""

    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^({SLICES_READ})$")]
    conversation_id: ConversationId
    seqs: tuple[int, ...]
    made_at: int = 0
    """Of an earlier version, which does not say it: it is over, and its connections are made to sync."""
    attempt: int
    connections: dict[str, tuple[tuple[UserId, DeviceId, SessionId, ConnectionId, int], ...]]


def dump_undelivered(undelivered: Undelivered) -> bytes:
    return _undelivered.dump_json(undelivered)


def load_undelivered(value: bytes, schema: bytes | None) -> Undelivered:
    """
    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_undelivered, value, schema, expected=FANOUT_SCHEMA)


def dump_slice(slice_: Slice) -> str:
    by_endpoint: dict[str, list[Any]] = {}
    for each in slice_.connections:
        fields = [each.user_id, each.device_id, each.session_id, each.connection_id, each.connected_at]
        by_endpoint.setdefault(each.endpoint, []).append(fields)
    return to_json(
        {
            "schema": SLICE_SCHEMA,
            "conversation_id": slice_.conversation_id,
            "seqs": slice_.seqs,
            "made_at": slice_.made_at,
            "attempt": slice_.attempt,
            "connections": by_endpoint,
        }
    ).decode()


def load_slice(body: str) -> Slice:
    """
    Raises:
        BadRecordError: it is no slice of a schema that is known here.
    """
    message = loaded_message(_Slice, body)
    return Slice(
        conversation_id=message.conversation_id,
        seqs=message.seqs,
        made_at=message.made_at,
        attempt=message.attempt,
        connections=tuple(
            Connection(
                user_id=user_id,
                device_id=device_id,
                session_id=session_id,
                connection_id=connection_id,
                endpoint=endpoint,
                connected_at=connected_at,
            )
            for endpoint, connections in message.connections.items()
            for user_id, device_id, session_id, connection_id, connected_at in connections
        ),
    )
