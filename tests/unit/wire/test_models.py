"""What holds for every model that clients send, whatever it is for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from natter.domain.errors import BadRequest
from natter.wire.accounts import ProviderSignInBody
from natter.wire.base import Patch, parse, parse_json
from natter.wire.privacy import ProviderErasureBody
from tests.documents.asyncapi import CLIENT_FRAMES
from tests.documents.openapi import routes, template
from tests.security.rows import ACTIONS, ROWS

IDS: Mapping[str, str] = defaultdict(lambda: "x")
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


def examples() -> Iterator[tuple[type[BaseModel], Any]]:
    """Of bodies and frames, what fits them."""
    for route in ROUTES:
        if route.body and route.body not in {ProviderSignInBody, ProviderErasureBody}:
            yield route.body, ROWS[f"{route.method} {template(route.path)}"].body(IDS)
    for action, model in CLIENT_FRAMES.items():
        yield model, {"action": action, **ACTIONS[action].frame(IDS)}


def named_otherwise(body: Any, *, missing: bool) -> Iterator[Any]:
    """`body` with one of its fields, however deep, null or `missing`."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield {other: each for other, each in body.items() if other != name} | ({} if missing else {name: None})
            for changed in named_otherwise(value, missing=missing):
                yield body | {name: changed}
    elif isinstance(body, list):
        for index, item in enumerate(body):
            for changed in named_otherwise(item, missing=missing):
                yield [*body[:index], changed, *body[index + 1 :]]


def outcome(model: type[BaseModel], body: Any) -> Any:
    """What it is taken for, or refused with."""
    try:
        return parse(model, body)
    except BadRequest as error:
        return error.detail


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


class TestNull:
    @pytest.mark.parametrize(("model", "body"), [each for each in examples() if not issubclass(each[0], Patch)])
    def test_is_as_if_the_field_were_absent(self, model: type[BaseModel], body: Any) -> None:
        assert isinstance(outcome(model, body), model)
        assert outcome(model, dict.fromkeys(model.model_fields) | body) == outcome(model, body)
        absent = [outcome(model, changed) for changed in named_otherwise(body, missing=True)]
        assert [outcome(model, changed) for changed in named_otherwise(body, missing=False)] == absent

    @pytest.mark.parametrize(("model", "body"), [each for each in examples() if issubclass(each[0], Patch)])
    def test_clears_or_is_refused_in_a_patch(self, model: type[BaseModel], body: Any) -> None:
        for name in body:
            changed = outcome(model, {name: None})
            assert str(changed).startswith(f"{name}: ") or changed.model_fields_set == {name}

    def test_patches_are_patches(self) -> None:
        assert all(issubclass(route.body, Patch) == (route.method == "PATCH") for route in ROUTES if route.body)
