"""The protocol's types for the TypeScript SDK, of both documents: what they do not know does not type-check there."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from natter.domain.errors import NatterError

type Schema = Mapping[str, Any]

HEADER = """\
// The frames and bodies of the protocol. Made by `make docs` from docs/openapi.json and docs/asyncapi.json.
"""
PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
WIDTH = 120


def source(openapi: Schema, asyncapi: Schema) -> str:
    """
    Raises:
        ValueError: the documents have two different types of one name.
    """
    types: dict[str, str] = {}
    for name, schema in _schemas(openapi, asyncapi):
        declared = _declaration(_name(name), schema)
        if types.setdefault(_name(name), declared) != declared:
            raise ValueError(f"the documents do not agree on {name}")
    unions = [_union(kind, asyncapi) for kind in ("client", "server")]
    return "\n".join([HEADER, _errors(), *(types[name] for name in sorted(types)), *unions])


def _errors() -> str:
    """The codes, as docs/protocol.md has them."""
    leaves = sorted(NatterError.__subclasses__(), key=lambda error: error.code)
    lines = "".join(f"  {error.code}: {json.dumps(error.retryable)},\n" for error in leaves)
    says = "/** What may be refused, and whether the same may be asked again. */"
    return f"{says}\nexport const ERRORS = {{\n{lines}}} as const;\n"


def _schemas(*documents: Schema) -> Iterator[tuple[str, Schema]]:
    for document in documents:
        yield from document["components"]["schemas"].items()


def _name(name: str) -> str:
    """What is read is named like the thing itself, what is written may have more forms."""
    return name.removesuffix("-Output").replace("-Input", "Input")


def _declaration(name: str, schema: Schema) -> str:
    says = f"/** {' '.join(schema['description'].split())} */\n" if "description" in schema else ""
    if schema.get("type") != "object" or "properties" not in schema:
        line = f"export type {name} = {_type(schema)};"
        return says + (line if len(line) <= WIDTH else _stacked(name, schema)) + "\n"
    required = schema.get("required", ())
    fields = [
        f"  {field}{'' if field in required else '?'}: {_type(each)};\n" for field, each in schema["properties"].items()
    ]
    return f"{says}export interface {name} {{\n{''.join(fields)}}}\n"


def _stacked(name: str, schema: Schema) -> str:
    lines = "".join(f"\n  | {each}" for each in _type(schema).split(" | "))
    return f"export type {name} ={lines};"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": reference}:
            written = _name(reference.rsplit("/", 1)[-1])
        case {"const": value}:
            written = json.dumps(value)
        case {"enum": values}:
            written = " | ".join(json.dumps(each) for each in values)
        case {"oneOf": forms} | {"anyOf": forms}:
            written = " | ".join(_type(each) for each in forms)
        case {"type": [*kinds]}:
            written = " | ".join(PRIMITIVES[each] for each in kinds)
        case {"type": "array", "items": item}:
            of = _type(item)
            written = f"({of})[]" if " | " in of else f"{of}[]"
        case {"type": "object", "patternProperties": patterns}:
            (value,) = patterns.values()
            written = f"Record<string, {_type(value)}>"
        case {"type": "object"}:
            written = "Record<string, unknown>"
        case {"type": kind}:
            written = PRIMITIVES[kind]
        case _:
            written = "unknown"
    return written


def _union(kind: str, asyncapi: Schema) -> str:
    """All frames that one side sends."""
    names = [
        message["$ref"].rsplit("/", 1)[-1]
        for operation, each in sorted(asyncapi["operations"].items())
        if operation.startswith(f"{kind}.")
        for message in each["messages"]
    ]
    lines = "".join(f"\n  | {_name(name)}" for name in names)
    return f"export type {kind.capitalize()}Frame ={lines};\n"
