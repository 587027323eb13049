"""Reads what a client sent as strictly as the protocol says, and names the field that is wrong."""

import json
import re
from collections.abc import Mapping
from typing import Any

from natter_client.errors import BadRequest, TooLarge

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
DIGITS = re.compile(r"0|[1-9][0-9]{0,15}")
MOST_CONTENT = 24 * 1024
"""Bytes of a message's `content` as JSON."""
MOST_FILE = 100 * 1024 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - as RFC 6838 has them
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN}={_TOKEN})*")
_SHA256 = re.compile("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MOST_DIGITS = 4300


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def parse_json(body: str | bytes) -> Any:
    """
    The JSON value of `body`; a number of endless digits is infinite, which no field takes.

    Raises:
        BadRequest: it is none, holds half a surrogate pair, or nests too deeply.
    """
    try:
        found = json.loads(
            body,
            parse_constant=_constant,
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else float("inf"),
        )
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadRequest("the body is not valid JSON") from None
    return found


class Fields:
    """A JSON object (or a query) of which fields are taken by name; null is as if it were absent."""

    def __init__(self, values: object, path: str = "") -> None:
        """
        Raises:
            BadRequest: `values` is no object.
        """
        if not isinstance(values, Mapping):
            raise BadRequest(f"{path or 'body'}: must be an object")
        self.values = {name: value for name, value in values.items() if value is not None}
        self._path = path

    def wrong(self, name: str, why: str) -> BadRequest:
        return BadRequest(f"{self._path}{name}: {why}")

    def text(self, name: str, least: int = 1, most: int = 64) -> str:
        value = self._required(name)
        if not isinstance(value, str) or not least <= len(value) <= most or re.search("[\ud800-\udfff]", value):
            raise self.wrong(name, f"must be a text of {least} to {most} characters")
        return value

    def line(self, name: str, most: int = 64) -> str:
        value = self.text(name, 1, most)
        if not value.strip() or re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
            raise self.wrong(name, "must be one line that shows something")
        return value

    def id(self, name: str) -> str:
        value = self._required(name)
        if not isinstance(value, str) or not ID.fullmatch(value):
            raise self.wrong(name, "must be an id")
        return value

    def choice(self, name: str, *choices: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if value not in choices:
            raise self.wrong(name, f"must be one of {', '.join(choices)}")
        return str(value)

    def integer(self, name: str, least: int = 0, most: int = 2**53 - 1, default: int | None = None) -> int:
        value = self.values.get(name, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(name, f"must be an integer of {least} to {most}")
        return value

    def digits(self, name: str, least: int = 0, most: int = 2**53 - 1, default: int | None = None) -> int | None:
        """Of a query."""
        value = self.values.get(name)
        if value is None:
            return default
        if not DIGITS.fullmatch(value) or not least <= int(value) <= most:
            raise self.wrong(name, f"must be digits of {least} to {most}")
        return int(value)

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def ids(self, name: str, least: int, most: int, *, optional: bool = False) -> list[str]:
        if optional and name not in self.values:
            return []
        return [Fields({name: each}, self._path).id(name) for each in self.items(name, least, most)]

    def items(self, name: str, least: int, most: int) -> list[Any]:
        value = self._required(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.wrong(name, f"must be a list of {least} to {most}")
        return value

    def inner(self, name: str) -> "Fields":
        return Fields(self._required(name), f"{self._path}{name}.")

    def content(self, size: int) -> dict[str, Any]:
        """
        The `content` of a message, `size` bytes as JSON.

        Raises:
            TooLarge: it is over 24 KB.
        """
        content = self.inner("content")
        kind = content.choice("type", "text", "sealed", "attachment")
        found = {"type": kind}
        if kind == "text" or (kind == "attachment" and "text" in content.values):
            words = found["text"] = content.text("text", 1, 8000)
            if not words.strip() or _CONTROL.search(words):
                raise self.wrong("content.text", "must show something, without control characters")
        if kind == "sealed":
            found["scheme"] = content.id("scheme")
            for name in ("ciphertext", "header"):
                if name == "ciphertext" or name in content.values:
                    found[name] = content.text(name, 1, MOST_CONTENT)
                    if not _BASE64.fullmatch(found[name]):
                        raise self.wrong(f"content.{name}", "must be base64")
        if kind == "attachment":
            found["attachment_id"] = content.id("attachment_id")
        if size > MOST_CONTENT:
            raise TooLarge("content: over 24 KB")
        return found

    def file(self) -> dict[str, str | int]:
        """A file that is announced."""
        content_type, sha256 = self.text("content_type", 1, 100), self.text("sha256", 44, 44)
        if not _MEDIA_TYPE.fullmatch(content_type):
            raise self.wrong("content_type", "must be TYPE/SUBTYPE")
        if not _SHA256.fullmatch(sha256):
            raise self.wrong("sha256", "must be base64 of 32 bytes")
        size = self.integer("size", 0, MOST_FILE)
        return {"name": self.line("name", 255), "content_type": content_type, "size": size, "sha256": sha256}

    def _required(self, name: str) -> Any:
        if name not in self.values:
            raise self.wrong(name, "is missing")
        return self.values[name]
