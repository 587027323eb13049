"""What a CQL statement asks for, as far as Amazon Keyspaces cares."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .tokens import Token, tokens

DEFINITIONS = frozenset({"CREATE", "ALTER", "DROP", "RESTORE"})
WRITES = frozenset({"INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Marker:
    """The bind marker that holds a value; the first one of a request is 0."""

    index: int


type Number = int | Marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    verb: str
    """In capitals; of definitions with the kind of thing, as in `CREATE TABLE`; `BATCH`."""
    table: tuple[str, ...] = ()
    """Its name, after that of its keyspace if that is stated; of definitions, those of tables, types and keyspaces."""
    clauses: frozenset[str] = frozenset()
    """Those that rules are about: `IF`, `DISTINCT`, `GROUP BY`, `PER PARTITION LIMIT`, `TTL`, `UNLOGGED`, `DROP` …"""
    functions: frozenset[str] = frozenset()
    """Called by a read."""
    types: frozenset[str] = frozenset()
    """Of the columns that a definition has."""
    columns: int = 0
    """That a write sets."""
    timestamp: Number | None = None
    """Of `USING TIMESTAMP`, in microseconds."""
    lists: tuple[Number, ...] = ()
    """How many values each `IN` lists; a marker stands for a whole list."""
    parts: tuple["Statement", ...] = ()
    """The statements of a batch."""


def read(text: str) -> Statement:
    """What `text` asks for. Text that is no CQL is not found out here: Cassandra does that."""
    return _read(tokens(text))


def _read(found: list[Token]) -> Statement:
    words = [token.text for token in found]
    first = words[0] if words else ""
    if first == "BEGIN":
        return _batch(found)
    if first in DEFINITIONS:
        return _definition(found)
    if first == "SELECT":
        return Statement(
            verb=first,
            table=_table(found, "FROM"),
            clauses=frozenset(_read_clauses(words)),
            functions=frozenset(_functions(found)),
            lists=tuple(_lists(found)),
        )
    if first in WRITES:
        using = dict(_using(found))
        clauses = {clause for clause in ("IF",) if _at_top(found, clause)} | using.keys()
        return Statement(
            verb=first,
            table=_table(found, {"INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}[first]),
            clauses=frozenset(clauses),
            columns=_columns(found, first),
            timestamp=using.get("TIMESTAMP"),
        )
    return Statement(verb=first)


def _batch(found: list[Token]) -> Statement:
    """`BEGIN [UNLOGGED | COUNTER] BATCH [USING …] statement [;] … APPLY BATCH`."""
    starts = [index for index, token in enumerate(found) if token.text in WRITES and not token.depth]
    end = next((index for index, token in enumerate(found) if token.text == "APPLY"), len(found))
    head = found[: starts[0]] if starts else found
    using = dict(_using(head))
    kinds = {token.text for token in head} & {"UNLOGGED", "COUNTER"}
    return Statement(
        verb="BATCH",
        clauses=frozenset(kinds | using.keys()),
        timestamp=using.get("TIMESTAMP"),
        parts=tuple(_read(found[here:after]) for here, after in pairwise([*starts, end])),
    )


def _definition(found: list[Token]) -> Statement:
    words = [token.text for token in found if token.text not in {"OR", "REPLACE", "CUSTOM"}]
    verb = " ".join(words[:3] if "MATERIALIZED" in words[:2] else words[:2])
    changes = {token.text for token in found[2:] if token.kind == "word" and not token.depth}
    named = [token for token in found[2:] if token.text not in {"IF", "NOT", "EXISTS"}]
    return Statement(
        verb=verb,
        table=_name(named, 0) if verb.endswith((" TABLE", " TYPE", " KEYSPACE")) else (),
        clauses=frozenset(changes & {"ADD", "DROP", "RENAME", "ALTER"}) if verb == "ALTER TABLE" else frozenset(),
        types=frozenset(_types(found)),
    )


def _types(found: list[Token]) -> Iterator[str]:
    """What stands where a column's type does: behind its name, or inside another type."""
    angles = 0
    for before, name, type_ in zip(found, found[1:], found[2:], strict=False):
        angles += (name.text == "<") - (name.text == ">")
        behind_name = before.text in {"(", ",", "ADD"} and name.kind in {"word", "name"}
        if type_.kind == "word" and (angles or behind_name):
            yield type_.text


def _table(found: list[Token], after: str) -> tuple[str, ...]:
    start = next((index + 1 for index, token in enumerate(found) if token.text == after and not token.depth), None)
    return () if start is None else _name(found, start)


def _name(found: list[Token], start: int) -> tuple[str, ...]:
    if start >= len(found):
        return ()
    name = [_identifier(found[start])]
    if len(found) > start + 2 and found[start + 1].text == ".":
        name.append(_identifier(found[start + 2]))
    return tuple(name)


def _identifier(token: Token) -> str:
    return token.text.lower() if token.kind == "word" else token.text


def _read_clauses(words: list[str]) -> Iterator[str]:
    if words[1:2] == ["DISTINCT"] and words[2:3] != ["FROM"]:
        yield "DISTINCT"
    for pair in pairwise(words):
        if pair == ("GROUP", "BY"):
            yield "GROUP BY"
        elif pair == ("PER", "PARTITION"):
            yield "PER PARTITION LIMIT"


def _functions(found: list[Token]) -> Iterator[str]:
    for token, following in pairwise(found):
        if token.text == "FROM":
            return
        if token.kind == "word" and following.text == "(":
            yield token.text


def _lists(found: list[Token]) -> Iterator[Number]:
    for index, token in enumerate(found[:-1]):
        if token.text != "IN" or token.kind != "word":
            continue
        following = found[index + 1]
        if following.kind == "marker":
            yield Marker(following.marker)
        elif following.text == "(":
            inside = list(_inside(found[index + 1 :], following.depth))
            yield 1 + sum(each.text == "," and each.depth == following.depth for each in inside)


def _inside(found: list[Token], depth: int) -> Iterator[Token]:
    for token in found:
        yield token
        if token.text == ")" and token.depth == depth:
            return


def _using(found: list[Token]) -> Iterator[tuple[str, Number | None]]:
    """`USING TTL …` and `USING TIMESTAMP …`, with what stands behind them."""
    using = False
    for token, following in pairwise(found):
        if token.depth:
            continue
        if token.text in {"SET", "WHERE"}:
            using = False
        elif token.text == "USING":
            using = True
        elif using and token.text in {"TTL", "TIMESTAMP"}:
            yield token.text, _number(following)


def _number(token: Token) -> Number | None:
    if token.kind == "marker":
        return Marker(token.marker)
    return int(token.text) if token.kind == "number" and token.text.lstrip("-").isdigit() else None


def _at_top(found: list[Token], word: str) -> bool:
    return any(token.kind == "word" and token.text == word and not token.depth for token in found)


def _columns(found: list[Token], verb: str) -> int:
    if verb == "INSERT":
        start = next((index for index, token in enumerate(found) if token.text == "("), len(found))
        return sum(token.kind in {"word", "name"} for token in _inside(found[start:], 1))
    if verb == "UPDATE":
        between = False
        commas = 0
        for token in found:
            between = token.text == "SET" or (between and token.text != "WHERE")
            commas += between and token.text == "," and not token.depth
        return commas + 1
    return 0
