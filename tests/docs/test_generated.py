"""The documents for tools are what the code says, and valid."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import natter_client
from natter.domain.conversations.members import Member
from natter.domain.ids import ClientId
from natter.domain.messages.commands import (
    AddMembers,
    ChangeConversation,
    ChangeRole,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    React,
    RemoveMember,
)
from natter.domain.messages.events import Event
from natter.wire.events import event_fields
from natter.wire.json_frames import JsonFrames
from tests.docs.test_documents import error_leaves
from tests.documents import asyncapi, capacity, metrics, openapi, python, typescript
from tests.messages import ANN, BOB, LOBBY, text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS: dict[str, dict[str, Any]] = {"openapi": openapi.document(), "asyncapi": asyncapi.document()}
OF_NO_OPERATION = {"unknown_action", "gone", "method_not_allowed"}
ANY = ClientId("c1")
ITEMS: dict[str, Item] = {
    "group": CreateConversation(
        client_id=ANY, kind="group", title="Lobby", members=(Member(user_id=ANN, role="owner"),)
    ),
    "direct": CreateConversation(client_id=ANY, kind="direct", title=None, members=()),
    "message": PostMessage(client_id=ANY, content=text("hi"), reply_to=1, mentions=(BOB,)),
    "plain message": PostMessage(client_id=ANY, content=text("hi")),
    "edit": EditMessage(client_id=ANY, target_seq=2, content=text("ho")),
    "delete": DeleteMessage(client_id=ANY, target_seq=2),
    "reaction": React(client_id=ANY, target_seq=2, reaction="+1"),
    "reaction removed": React(client_id=ANY, target_seq=2, reaction="+1", remove=True),
    "added": AddMembers(client_id=ANY, members=(Member(user_id=BOB, role="member"),)),
    "removed": RemoveMember(client_id=ANY, user_id=BOB),
    "erased": EraseMember(client_id=ANY, user_id=BOB),
    "role": ChangeRole(client_id=ANY, user_id=BOB, role="admin"),
    "title": ChangeConversation(client_id=ANY, changes={"title": "Hall"}),
    "no avatar": ChangeConversation(client_id=ANY, changes={"avatar": None}),
}
"""One of each kind of event."""

AS_SHOWN: dict[str, dict[str, Any]] = {
    "edited": {"content": text("ho"), "edited_at": 5},
    "deleted": {"deleted_at": 5},
    "reacted to": {
        "content": text("hi"),
        "reactions": [{"reaction": "+1", "count": 1, "mine": True, "user_ids": [ANN]}],
    },
}


def an_event(kind: str, payload: Any) -> Event:
    return Event(
        conversation_id=LOBBY, seq=3, type=kind, at=1, sender_id=ANN, client_id=ANY, payload=payload, messages=0
    )


def check(value: Any, schema: str, document: str) -> None:
    """Raises jsonschema.ValidationError: `value` is not as the document says."""
    components = DOCUMENTS[document]["components"]
    jsonschema.validate(
        value,
        {"$ref": f"#/components/schemas/{schema}", "components": components},
        cls=jsonschema.Draft202012Validator,
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_committed_is_what_the_code_says(name: str) -> None:
    """Otherwise: `make docs`."""
    assert json.loads((DOCS / f"{name}.json").read_text()) == DOCUMENTS[name]


def test_the_metrics_are_described_as_they_are_declared() -> None:
    """Otherwise: `make docs`."""
    assert (DOCS / "metrics.md").read_text() == metrics.document()


def test_capacity_is_what_was_counted_and_reckoned() -> None:
    """Otherwise: `make docs`."""
    assert (DOCS / "capacity.md").read_text() == capacity.document()


def test_the_typescript_sdk_has_the_types_of_the_documents_and_no_others() -> None:
    """Otherwise: `make docs`."""
    committed = (ROOT / "clients" / "web" / "sdk" / "src" / "protocol.ts").read_text()
    assert committed == typescript.source(**DOCUMENTS)


def test_the_reference_of_the_python_sdk_is_what_its_docstrings_say() -> None:
    """Otherwise: `make docs`."""
    assert (ROOT / "clients" / "python" / "API.md").read_text() == python.document()


def test_the_reference_of_the_python_sdk_has_all_that_is_exported() -> None:
    text = python.document()
    assert [name for name in natter_client.__all__ if not re.search(rf"`(async )?{name}\b", text)] == []


class TestOpenApi:
    def test_is_valid(self) -> None:
        OpenAPIV31SpecValidator(DOCUMENTS["openapi"]).validate()

    def test_names_each_operation_once(self) -> None:
        names = [each["operationId"] for path in DOCUMENTS["openapi"]["paths"].values() for each in path.values()]
        assert sorted(set(names)) == sorted(names)

    def test_has_every_error_with_its_status(self) -> None:
        """Of the table in protocol.md, and each as a problem document."""
        stated = set()
        for response in DOCUMENTS["openapi"]["components"]["responses"].values():
            _, narrowed = response["content"]["application/problem+json"]["schema"]["allOf"]
            stated |= set(narrowed["properties"]["code"]["enum"])
        assert stated == {error.code for error in error_leaves()} - OF_NO_OPERATION


class TestAsyncApi:
    def test_is_valid(self) -> None:
        schema = json.loads((Path(__file__).parent / "asyncapi-3.0.0.schema.json").read_text())
        jsonschema.validate(DOCUMENTS["asyncapi"], schema, cls=jsonschema.Draft7Validator)

    def test_an_events_frame_is_as_it_says(self) -> None:
        (made,) = JsonFrames().events(LOBBY, [an_event(item.type, item.payload()) for item in ITEMS.values()])
        check(json.loads(made.frame), "EventsFrame", "asyncapi")


class TestEvents:
    @pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())
    def test_are_as_the_document_says(self, item: Item) -> None:
        check(json.loads(json.dumps(event_fields(an_event(item.type, item.payload())))), "WireEvent", "openapi")

    @pytest.mark.parametrize("payload", AS_SHOWN.values(), ids=AS_SHOWN.keys())
    def test_messages_of_pages_are_as_the_document_says(self, payload: dict[str, Any]) -> None:
        check(event_fields(an_event("message", payload)), "WireEvent", "openapi")

    def test_every_type_stands_there(self) -> None:
        mapping = DOCUMENTS["openapi"]["components"]["schemas"]["WireEvent"]["discriminator"]["mapping"]
        assert set(get_args(Item)) == {type(item) for item in ITEMS.values()}
        assert {item.type for item in ITEMS.values()} == set(mapping)

    def test_another_event_is_noticed(self) -> None:
        with pytest.raises(jsonschema.ValidationError):
            check(event_fields(an_event("message", {"content": {"type": "text", "text": 5}})), "WireEvent", "openapi")
