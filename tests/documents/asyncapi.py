"""AsyncAPI 3.0 of the WebSocket API, from the models of its frames."""

from collections.abc import Mapping
from typing import Any, Literal

from natter import __version__
from natter.wire import accounts, conversations, frames, messages, notifications, presence, receipts, signals
from natter.wire.base import WireModel
from natter.wire.events import WireEvent
from natter.wire.frames import SUBPROTOCOL, ErrorFrame, OkFrame
from natter.wire.messages import COMMAND_FRAMES, AckFrame
from natter.wire.presence import PresenceFrame
from natter.wire.signals import SIGNAL_FRAMES, PongFrame
from tests.documents.schemas import REF, schemas


class EventsFrame(WireModel):
    """Ascending and contiguous. The application puts it together of events that are JSON already."""

    type: Literal["events"] = "events"
    conversation_id: str
    events: tuple[WireEvent, ...]


CLIENT_FRAMES: Mapping[str, type[WireModel]] = {**COMMAND_FRAMES, **SIGNAL_FRAMES}
"""By action."""

ANSWERS: Mapping[str, type[WireModel]] = {
    **dict.fromkeys(COMMAND_FRAMES, AckFrame),
    **dict.fromkeys(SIGNAL_FRAMES, OkFrame),
    "ping": PongFrame,
    "watch": PresenceFrame,
}
"""To a frame with an `id`, if it is not an error; commands and `watch` are always answered."""


def server_frames() -> dict[str, type[WireModel]]:
    """By type: every model of a frame that says what it is."""
    modules = (messages, frames, signals, receipts, presence, conversations, notifications, accounts)
    models = [each for module in modules for each in vars(module).values() if _is_answer(each)]
    return {str(each.model_fields["type"].default): each for each in (*models, EventsFrame)}


def document() -> dict[str, Any]:
    server = server_frames()
    found = schemas(CLIENT_FRAMES.values(), server.values())
    messages = {each.__name__: _message(each) for each in (*CLIENT_FRAMES.values(), *server.values())}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Natter",
            "version": __version__,
            "description": "What clients may rely on is said in protocol.md. Made by `make docs`.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/",
                "description": "Opened with `?ticket=…`, or with an access token as `Authorization: Bearer`. "
                f"The subprotocol `{SUBPROTOCOL}` may be offered.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            **{f"client.{action}": _request(action, model) for action, model in CLIENT_FRAMES.items()},
            **{f"server.{type_}": _operation("send", model) for type_, model in server.items()},
        },
        "components": {"messages": messages, "schemas": _without_discriminators(found)},
    }


def _without_discriminators(schema: Any) -> Any:
    """OpenAPI's are not AsyncAPI's; the alternatives tell themselves apart by constants."""
    if isinstance(schema, dict):
        kept = {key: each for key, each in schema.items() if key != "discriminator"}
        return {key: _without_discriminators(each) for key, each in kept.items()}
    return [_without_discriminators(each) for each in schema] if isinstance(schema, list) else schema


def _is_answer(value: object) -> bool:
    if not isinstance(value, type) or not issubclass(value, WireModel):
        return False
    field = value.model_fields.get("type")
    return field is not None and not field.is_required()


def _message(model: type[WireModel]) -> dict[str, Any]:
    return {"name": model.__name__, "payload": {"$ref": REF.format(model=model.__name__)}}


def _operation(action: Literal["send", "receive"], *models: type[WireModel]) -> dict[str, Any]:
    return {"action": action, **_on_socket(*models)}


def _request(action: str, model: type[WireModel]) -> dict[str, Any]:
    return {**_operation("receive", model), "reply": _on_socket(ANSWERS[action], ErrorFrame)}


def _on_socket(*models: type[WireModel]) -> dict[str, Any]:
    return {
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{model.__name__}"} for model in models],
    }
