"""What holds for every model that clients send, whatever it is for."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from natter.domain.errors import BadRequest
from natter.wire.base import parse, parse_json
from tests.documents.asyncapi import CLIENT_FRAMES
from tests.documents.openapi import routes

ROUTES = list(chain(*routes().values()))
SENT = [*(route.body for route in ROUTES if route.body), *CLIENT_FRAMES.values()]
QUERIES = {route.query for route in ROUTES if route.query}


def with_inner(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model, and those of its fields."""
    yield model
    for field in model.model_fields.values():
        for inner in _models(field.annotation):
            yield from with_inner(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _parts(annotation: Any) -> Iterator[Any]:
    """What it is a union of, annotated or not."""
    for part in get_args(annotation):
        yield part
        yield from _parts(part)


def integers(models: set[type[BaseModel]]) -> list[tuple[type[BaseModel], str]]:
    """Their fields that hold an integer."""
    return sorted(
        (
            (model, name)
            for model in models
            for name, field in model.model_fields.items()
            if int in (field.annotation, *_parts(field.annotation))
        ),
        key=str,
    )


BODIES = set(chain(*map(with_inner, SENT)))


def wrong(model: type[BaseModel], name: str, value: Any) -> bool:
    """Whether it is this field that is refused, whatever else is missing."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return any(each["loc"][0] == name for each in error.errors(include_url=False, include_input=False))
    return False


class TestIntegers:
    def test_there_are_some(self) -> None:
        names = {name for _, name in integers(BODIES | QUERIES)}
        assert {"seq", "read_seq", "target_seq", "reply_to", "size", "muted_until", "limit", "after"} <= names

    @pytest.mark.parametrize(("model", "name"), integers(BODIES))
    @pytest.mark.parametrize("text", ["3.0", "3e0", '"3"', "true", "[3]", "9" * 5000, "-" + "9" * 5000, "9" * 400])
    def test_are_integers_of_json(self, model: type[BaseModel], name: str, text: str) -> None:
        assert wrong(model, name, parse_json(text))
        assert not wrong(model, name, 3)

    @pytest.mark.parametrize(("model", "name"), integers(QUERIES))
    @pytest.mark.parametrize(
        "text",
        ["", "03", "+3", "-3", "3.0", "3e0", "1_0", " 3", "3 ", "3\n", "\u0663", "0x3", "3,3", "9" * 17, "9" * 5000],
    )
    def test_in_a_query_are_plain_digits(self, model: type[BaseModel], name: str, text: str) -> None:
        with pytest.raises(BadRequest, match=f"^{name}: "):
            parse(model, {name: text})
        assert not wrong(model, name, "3")
