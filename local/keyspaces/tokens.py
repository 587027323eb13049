"""The words of a CQL statement."""

import re
from typing import Literal, NamedTuple

type Kind = Literal["word", "name", "string", "number", "marker", "symbol"]

_TOKEN = re.compile(
    r"""
      (?P<blank>  \s+ | --[^\n]* | //[^\n]* | /\*.*?\*/ )
    | (?P<string> '(?:[^']|'')*' | \$\$.*?\$\$ )
    | (?P<name>   "(?:[^"]|"")*" )
    | (?P<marker> \? | %s | %\(\w+\)s | (?<![\w'"}\])]):[A-Za-z]\w* )
    | (?P<number> -?\d+(?:\.\d+)?(?:[eE][+-]?\d+)? )
    | (?P<word>   [A-Za-z]\w* )
    | (?P<symbol> <=|>=|!=|. )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """`text` as it means: words in capitals, names without quotes."""

    kind: Kind
    text: str
    depth: int
    """In how many brackets it stands; a bracket stands in itself."""
    marker: int
    """Of a bind marker: how many stand before it."""


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    depth = markers = 0
    for match in _TOKEN.finditer(text):
        kind, part = match.lastgroup, match.group()
        if kind == "blank":
            continue
        if kind == "symbol" and part in "([{":
            depth += 1
        found.append(Token(kind, _meaning(kind, part), depth, markers))  # type: ignore[arg-type]
        markers += kind == "marker"
        if kind == "symbol" and part in ")]}":
            depth -= 1
    return found


def _meaning(kind: str | None, part: str) -> str:
    if kind == "word":
        return part.upper()
    if kind == "name":
        return part[1:-1].replace('""', '"')
    return part
