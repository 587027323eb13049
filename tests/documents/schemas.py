"""JSON schemas of the models: of what is read as they stand, of what is answered without what is not set."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from natter.wire.base import Patch
from tests.documents.events import EventsPart

type Schema = dict[str, Any]

REF = "#/components/schemas/{model}"


INTEGER = 'Written as JSON writes an integer: neither `3.0` nor `"3"`.'
"""What no keyword of JSON Schema says, which takes 3.0 for an integer."""


DIGITS = "Plain decimal digits, without leading zeros."


class WireSchemas(GenerateJsonSchema):
    """
    In answers, a field that is None is left out, and every other one is there, whether it has a default or not. In what
    is read, one that may be absent may be null, too, which in a `Patch` means something else.
    """

    _patching = False

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        found = super().int_schema(schema)
        return {**found, "description": INTEGER} if self.mode == "validation" else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        outer, self._patching = self._patching, issubclass(schema["cls"], Patch)
        try:
            return super().model_schema(schema)
        finally:
            self._patching = outer

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = schema["schema"]
        stands_for_nothing = schema.get("default") == ""
        if self.mode == "serialization" or stands_for_nothing:
            return self.generate_inner(inner)
        if not self._patching and inner["type"] != "nullable":
            schema = {**schema, "schema": core_schema.nullable_schema(inner)}
        return super().default_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization":
            return not _may_be_none(field["schema"])
        return super().field_is_required(field, total)


class QuerySchemas(GenerateJsonSchema):
    """In a query all is text, and what is not set is not there."""

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {**super().int_schema(schema), "description": DIGITS}


def schemas(read: Iterable[type[BaseModel]], answered: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """By name. Events, which are read from the log as they are, have their models only here."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(EventsPart, "serialization")]
    wanted += [(each, "validation") for each in read] + [(each, "serialization") for each in answered]
    _, found = models_json_schema(wanted, ref_template=REF, schema_generator=WireSchemas)
    definitions: dict[str, Schema] = found["$defs"]
    part = definitions.pop(EventsPart.__name__)
    definitions["WireEvent"] = {**part["properties"]["event"], "title": "WireEvent"}
    return dict(sorted(definitions.items()))


def ref(name: str) -> Schema:
    return {"$ref": REF.format(model=name)}


def _may_be_none(schema: Any) -> bool:
    kind = schema["type"]
    return kind == "nullable" or (kind != "union" and "schema" in schema and _may_be_none(schema["schema"]))
