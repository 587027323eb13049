"""Events as every reader sees them, live and in pages."""

from typing import Any

from pydantic_core import to_json

from natter.domain.messages.events import Event

type WireEvent = dict[str, Any]
"""`{seq, type, at, sender_id, client_id?, …}` with the fields of its type (tests/documents/events.py)."""


def event_fields(event: Event) -> WireEvent:
    fields: dict[str, Any] = {
        "seq": event.seq,
        "type": event.type,
        "at": event.at,
        "sender_id": event.sender_id,
    }
    if event.client_id is not None:
        fields["client_id"] = event.client_id
    return {**fields, **event.payload}


def event_json(event: Event) -> bytes:
    return to_json(event_fields(event))


def event_size(event: Event) -> int:
    return len(event_json(event))
