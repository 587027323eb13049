"""What attackers put into requests."""

import copy
import json
from collections.abc import Iterator
from typing import Any

FRAME_LIMIT_BYTES = 32 * 1024

STRINGS = {
    "SQL": "x'; DROP TABLE users; --",
    "SQL condition": "' OR '1'='1",
    "CQL": "x'; TRUNCATE events; --",
    "header": "x\r\nSet-Cookie: canary=1",
    "NUL": "a\0b",
    "separator": "a\u2028b",
    "bidi": "a\u202eb",
    "long": "x" * 70_000,
    "format": "{0.__class__} %s %(a)s ${jndi:ldap://x}",
    "path": "../../../../etc/passwd",
}
NUMBERS: dict[str, Any] = {
    "negative": -1,
    "over 64 bits": 2**64,
    "very many digits": 10**4000,
    "float": 1.5,
    "boolean": True,
    "text": "1",
    "null": None,
    "list": [],
}

RAW = {
    "empty": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "half a surrogate pair as bytes": b'{"a": "\xed\xa0\x80"}',
    "NUL byte": b'{"a": "\0"}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "deep list": b"[" * 10_000 + b"]" * 10_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "quite deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a list": b"[]",
    "null": b"null",
    "text": b'"text"',
}
"""Bodies that no operation takes."""

PATHS = {
    "SQL": "x'%3B%20DROP%20TABLE%20users%3B%20--",
    "header": "x%0d%0aSet-Cookie:%20canary=1",
    "NUL": "a%00b",
    "no UTF-8": "%ff%fe",
    "surrogate": "%ed%a0%80",
    "dots": "..%2f..%2fusers",
    "space": "%20",
    "long": "x" * 3000,
}
"""Percent-encoded, as parts of a path or values of a query."""


def variations(body: Any) -> Iterator[tuple[str, Any]]:
    """`body` with each of its values, one at a time, replaced by each of what fits it least; and what was done."""
    for place, value in _leaves(body):
        if isinstance(value, str):
            replacements: dict[str, Any] = STRINGS
        elif isinstance(value, int):
            replacements = NUMBERS
        else:
            continue
        for name, replacement in replacements.items():
            yield f"{'.'.join(map(str, place))}: {name}", _with(body, place, replacement)


def twice(body: dict[str, Any]) -> bytes:
    """The object with each of its keys twice."""
    inside = json.dumps(body)[1:-1]
    return f"{{{inside}, {inside}}}".encode()


def _leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, value


def _with(body: Any, place: tuple[Any, ...], replacement: Any) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = replacement
    return changed
