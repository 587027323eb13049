import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, RootModel, ValidationError

from natter.domain.errors import BadRequest
from natter.wire.base import Line, Seq, Text, WireConversationId, WireId, WireModel, describe, parse, parse_json


class Circle(WireModel):
    type: Literal["circle"]
    radius: Seq


class Square(WireModel):
    type: Literal["square"]


Shape = Annotated[Circle | Square, Field(discriminator="type")]


class AnyShape(RootModel[Shape]):
    pass


class Thing(WireModel):
    id: WireId = "x"
    name: Line = "x"
    text: Text = "x"
    place: Seq = 1
    shape: Shape | None = None
    by_conversation: dict[WireConversationId, Seq] = Field(default_factory=dict)


class TestParseJson:
    @pytest.mark.parametrize("body", [b'{"a":"gr\xc3\xbc\xc3\x9fe"}', '{"a":"grüße"}', r'{"a":"gr\u00fc\u00dfe"}'])
    def test_json_is_utf_8(self, body: str | bytes) -> None:
        assert parse_json(body) == {"a": "grüße"}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[1,]",
            b"'a'",
            b"NaN",
            b"[Infinity]",
            b"-Infinity",
            rb'"\ud800"',
            b'"\xed\xa0\x80"',
            b'"\xff"',
            b"\xef\xbb\xbf{}",
            b"[" * 5000,
            b"[" * 500 + b"]" * 500,
        ],
        ids=repr,
    )
    def test_anything_else_is_refused(self, body: bytes) -> None:
        with pytest.raises(BadRequest, match=r"^the body is not valid JSON$"):
            parse_json(body)

    @pytest.mark.parametrize("number", ["%s", "-%s", "%s.5", "0.%s", "1e%s", "[%s]"])
    def test_numbers_may_have_many_digits_where_nobody_looks(self, number: str) -> None:
        text = "1" * 5000 + '"' + "2" * 5000
        body = f'{{"a": {json.dumps(text)}, "b": {number % ("9" * 5000)}}}'
        assert parse_json(body)["a"] == text

    @pytest.mark.parametrize("body", ["0%s", '"%s', "%s}", "%sx"])
    def test_many_digits_make_no_json_of_what_is_none(self, body: str) -> None:
        with pytest.raises(BadRequest, match=r"^the body is not valid JSON$"):
            parse_json(body % ("9" * 5000))


class TestWireModel:
    def test_unknown_fields_are_ignored(self) -> None:
        assert parse(Thing, {"colour": "red"}) == Thing()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", ""),
            ("id", "a b"),
            ("id", "a\n"),
            ("id", "ä"),
            ("id", "x" * 65),
            ("id", 5),
            ("name", ""),
            ("name", " \u3000"),
            ("name", "a\nb"),
            ("name", "a\x7fb"),
            ("name", "a\u2028b"),
            ("name", "\u200b\u2060"),
            ("name", "gpj.\u202eexe"),
            ("text", ""),
            ("text", " \n\t"),
            ("text", "a\rb"),
            ("text", "a\x85b"),
            ("text", "x" * 8001),
            ("place", 0),
            ("place", 2**53),
            ("place", "1"),
            ("place", 1.0),
            ("place", True),
        ],
    )
    def test_a_wrong_field_is_named(self, field: str, value: object) -> None:
        with pytest.raises(BadRequest, match=f"^{field}: "):
            parse(Thing, {field: value})

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", "A-z_9" * 12),
            ("name", "  Zoë \U0001f98a "),
            ("name", "\u2067\u05d0\u05d1\u2069\u200f!"),
            ("text", " a\n\tb "),
            ("text", "\U0001f98a" * 8000),
            ("place", 2**53 - 1),
        ],
    )
    def test_what_fits_is_kept_as_it_was_sent(self, field: str, value: object) -> None:
        assert getattr(parse(Thing, {field: value}), field) == value

    def test_json_is_not_ascii_escaped_and_leaves_out_what_is_not_set(self) -> None:
        assert Circle(type="circle", radius=1).to_json() == b'{"type":"circle","radius":1}'
        written = Thing(name="grüße \U0001f98a").to_json()
        assert "grüße \U0001f98a" in written.decode()
        assert b"shape" not in written


def described(model: type[Any], value: object) -> str:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(value)
    return describe(refusal.value)


class TestDescribe:
    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ({"shape": {"type": "secret"}}, "shape.type: not known"),
            ({"shape": {}}, "shape.type: Field required"),
            ({"shape": {"type": "circle"}}, "shape.circle.radius: Field required"),
            ({"by_conversation": {"lobby": 0}}, "by_conversation.lobby: Input should be greater than or equal to 1"),
        ],
    )
    def test_the_first_wrong_field_with_its_path(self, value: object, said: str) -> None:
        assert described(Thing, value) == said

    @pytest.mark.parametrize(("value", "said"), [({"type": "x"}, "type: not known"), ({}, "type: Field required")])
    def test_a_choice_between_whole_bodies(self, value: object, said: str) -> None:
        assert described(AnyShape, value) == said

    def test_a_body_of_no_fields_is_at_no_path(self) -> None:
        assert described(Thing, []).startswith("Input should be ")

    @pytest.mark.parametrize(
        "value",
        [
            {"id": "secret !"},
            {"name": "secret\0"},
            {"text": "secret\0"},
            {"place": "secret"},
            {"shape": {"type": "secret"}},
            {"shape": "secret"},
            {"by_conversation": {"secret !": 1}},
            {"by_conversation": "secret"},
        ],
        ids=repr,
    )
    def test_nothing_that_was_sent_is_quoted(self, value: object) -> None:
        assert "secret" not in described(Thing, value)
