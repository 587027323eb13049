"""The scenarios of what a client core must do are as their schema says, and in the words of the protocol."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.docs.test_documents import error_leaves

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "clients" / "core-vectors"
PARTS = sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "schema")

UNUSED = {
    "typing": "the part says only whether it began or ended; the shell makes the frame",
    "settings": "shown as it comes: nothing is decided",
    "notifications": "shown as it comes: nothing is decided",
    "bad_credentials": "of signing in, which is no part of the core",
    "bad_token": "of refreshing: what counts is its status, 401",
    "username_taken": "of signing up, which is no part of the core",
    "last_owner": "of leaving a group, an HTTP call that is repeated by nobody",
    "method_not_allowed": "of HTTP, and a bug",
}
"""Actions, types and codes that no scenario needs, and why."""


@cache
def document(name: str) -> Any:
    return json.loads((ROOT / "docs" / f"{name}.json").read_text())


def expanded(fields: dict[str, Any]) -> Any:
    match fields:
        case {"$repeat": [text, count]}:
            return text * count
    return fields


@cache
def scenarios(part: str) -> list[Any]:
    file = json.loads((VECTORS / f"{part}.json").read_text(), object_hook=expanded)
    assert file["part"] == part
    return list(file["scenarios"])


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it, at any depth."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def all_objects() -> Iterator[dict[str, Any]]:
    for part in PARTS:
        yield from objects(scenarios(part))


@cache
def validator(name: str, schema: str) -> jsonschema.Draft202012Validator:
    components = document(name)["components"]
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def schema_of(frame: Mapping[str, Any]) -> str | None:
    """The name of the schema of a frame; none of one that API Gateway makes."""
    for name, schema in document("asyncapi")["components"]["schemas"].items():
        for key in ("action", "type"):
            if name.endswith("Frame") and schema["properties"].get(key, {}).get("const") == frame.get(key, ""):
                return str(name)
    return None


def test_the_schema_is_one() -> None:
    schema = json.loads((VECTORS / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {each["properties"]["part"]["const"] for each in schema["oneOf"]} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
class TestScenarios:
    def test_are_as_the_schema_says(self, part: str) -> None:
        schema = json.loads((VECTORS / "schema.json").read_text())
        of_part = {**schema["$defs"][f"{part}_scenario"], "$defs": schema["$defs"]}
        check = jsonschema.Draft202012Validator(of_part)
        for scenario in scenarios(part):
            check.validate(scenario)

    def test_have_an_id_of_their_own_and_times_that_never_go_back(self, part: str) -> None:
        ids = [scenario["id"] for scenario in scenarios(part)]
        assert sorted(set(ids)) == ids
        assert {each[:3] for each in ids} == {part[:3].upper()}
        for scenario in scenarios(part):
            times = [step["at"] for step in scenario["steps"]]
            assert sorted(times) == times

    def test_show_every_input_and_every_effect(self, part: str) -> None:
        defs = json.loads((VECTORS / "schema.json").read_text())["$defs"]
        step = defs[f"{part}_scenario"]["properties"]["steps"]["items"]["properties"]
        known = [each["properties"]["type"]["const"] for each in step["in"]["oneOf"]]
        known += [each["properties"]["type"]["const"] for each in step["effects"]["items"]["oneOf"]]
        steps = [step for scenario in scenarios(part) for step in scenario["steps"]]
        shown = {step["in"]["type"] for step in steps} | {
            effect["type"] for step in steps for effect in step["effects"]
        }
        # Where nothing is ever waited for, nobody is woken for something to be done.
        assert set(known) - shown <= {"wake"}


class TestProtocol:
    def test_frames_are_as_asyncapi_says(self) -> None:
        frames = [each["frame"] for each in all_objects() if isinstance(each.get("frame"), dict)]
        assert len(frames) > 100
        for frame in frames:
            name = schema_of(frame)
            if name is None:
                assert frame.keys() == {"message", "connectionId", "requestId"}
            elif name != "EventsFrame" or frame["events"]:
                validator("asyncapi", name).validate(frame)

    def test_events_are_as_openapi_says(self) -> None:
        events = [each for each in all_objects() if {"seq", "sender_id", "at"} <= each.keys()]
        assert len(events) > 200
        for event in events:
            validator("openapi", "WireEvent").validate(event)

    def test_answers_are_as_openapi_says(self) -> None:
        for each in all_objects():
            if "page" in each:
                validator("openapi", "PageAnswer").validate(each["page"])
            if "answer" in each:
                validator("openapi", "SyncAnswer").validate(each["answer"])
            if "body" in each:
                validator("openapi", "SyncBody").validate(each["body"])
            if "entry" in each and "limited" in each["entry"]:
                validator("openapi", "MissedAnswer").validate(each["entry"])

    def test_all_of_it_is_used_or_has_a_reason_not_to_be(self) -> None:
        asyncapi = document("asyncapi")
        events = document("openapi")["components"]["schemas"]["WireEvent"]["discriminator"]["mapping"]
        words = {name.split(".")[1] for name in asyncapi["operations"]}
        words |= set(events) | {error.code for error in error_leaves()}
        found = {word for each in all_objects() for key in ("type", "action", "code") if (word := each.get(key))}
        found -= {"typing", "settings", "notifications"} - frame_types()
        assert words - found == set(UNUSED)


def frame_types() -> set[str]:
    """What kinds of frames are in scenarios: a part's own inputs and effects may be called the same."""
    return {
        each["frame"].get("type", each["frame"].get("action"))
        for each in all_objects()
        if isinstance(each.get("frame"), dict)
    }
