"""What all models of the protocol share: strict types, field names in snake_case, unknown fields ignored."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from natter.domain.errors import BadRequest
from natter.domain.ids import ID_PATTERN, ClientId, ConversationId, UserId
from natter.domain.lines import breaks, shows_nothing, turns_what_follows


class WireModel(BaseModel):
    """A JSON object of the protocol. Types are not coerced: `"5"` is not a number."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    def to_json(self) -> bytes:
        """UTF-8, never ASCII-escaped; what is not set is left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


class Patch(WireModel):
    """What is to change: what is not named stays, and null clears. Everywhere else null is as if it were not there."""


def _printable(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty or only white space")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise ValueError("must not contain control characters but newline and tab")
    return text


def _one_line(text: str) -> str:
    if breaks(text):
        raise ValueError("must not contain control characters or ends of lines")
    if shows_nothing(text):
        raise ValueError("must show something: not only white space or format characters")
    if turns_what_follows(text):
        raise ValueError("must end the embeddings and isolates that it begins, and no others")
    return text


def _from_digits(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if re.fullmatch("0|[1-9][0-9]{0,15}", value) is None:
        raise ValueError("must be written in decimal digits, without leading zeros")
    return int(value)


WireId = Annotated[str, Field(pattern=ID_PATTERN)]
WireUserId = Annotated[UserId, Field(pattern=ID_PATTERN)]
WireClientId = Annotated[ClientId, Field(pattern=ID_PATTERN)]
WireConversationId = Annotated[ConversationId, Field(pattern=ID_PATTERN)]
Seq = Annotated[int, Field(ge=1, le=2**53 - 1)]
FROM_DIGITS = BeforeValidator(_from_digits)
"""Of an integer in a query, where all is text: takes `7`, but neither `07` nor `7.0`, `+7` or `7_0`."""

Line = Annotated[str, AfterValidator(_one_line)]
"""One line that shows something and leaves the direction of what follows alone, such as a name or a title."""

Prose = Annotated[str, AfterValidator(_printable)]
"""Text that may have several lines."""

HttpsUrl = Annotated[str, Field(max_length=500, pattern=r"^https://[!-.0-~][!-~]*$")]
"""Absolute and in ASCII (RFC 3986)."""

Text = Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(_printable)]


_TAG_ERRORS = {"union_tag_invalid": "not known", "union_tag_not_found": "Field required"}
"""What is wrong with the field that tells which of several models is meant."""


_MOST_DIGITS = 4300
"""Of a number that the parser reads; beyond, it takes the whole text for no JSON."""
_STRING_OR_NUMBER = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"?|(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?', re.DOTALL
)


def parse_json(body: str | bytes) -> Any:
    """
    The JSON value of `body`. Numbers may have any number of digits: no field takes such a one, but it may stand where
    nobody looks.

    Raises:
        BadRequest: it is not JSON (or holds NaN, lone surrogates, or nests too deeply).
    """
    encoded = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    try:
        try:
            return from_json(encoded, allow_inf_nan=False)
        except ValueError:
            cut = _STRING_OR_NUMBER.sub(_cut, encoded)
            if cut == encoded:
                raise
            return from_json(cut, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest("the body is not valid JSON") from error


def _cut(found: re.Match[bytes]) -> bytes:
    """The string or number as it is; of a number with too many digits one that is infinite, which no field takes."""
    return found[0] if found[0].startswith(b'"') or len(found[0]) <= _MOST_DIGITS else b"1e999"


def parse[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """
    `value` as `model`. A field that is null is as if it were absent, unless the model is a `Patch`.

    Raises:
        BadRequest: it does not fit; `detail` names the first field that is wrong, never its content.
    """
    try:
        return model.model_validate(value if issubclass(model, Patch) else _without_nulls(value))
    except ValidationError as error:
        raise BadRequest(describe(error)) from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(field) for name, field in value.items() if field is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def describe(error: ValidationError) -> str:
    """`field.path: what is wrong`, of the first finding; quotes nothing that was sent."""
    first = error.errors(include_url=False, include_input=False)[0]
    parts, message = [str(part) for part in first["loc"]], first["msg"].removeprefix("Value error, ")
    if first["type"] in _TAG_ERRORS:
        parts.append(first["ctx"]["discriminator"].strip("'"))
        message = _TAG_ERRORS[first["type"]]
    elif parts[-1:] == ["[key]"]:
        del parts[-2]  # the key itself
    path = ".".join(parts)
    return f"{path}: {message}" if path else message
