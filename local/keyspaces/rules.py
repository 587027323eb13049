"""
The rules of Amazon Keyspaces that Cassandra does not have, as its documentation states them.

What can be said of a statement's text is checked once, what depends on a request's values each time: on consistency,
timestamps, numbers of values and of statements, and sizes.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cql import Marker, Number, Statement

_GUIDE = "https://docs.aws.amazon.com/keyspaces/latest/devguide/"
APIS = _GUIDE + "cassandra-apis.html"
BATCHES = _GUIDE + "functional-differences.html#functional-differences.batch"
CONSISTENCY = _GUIDE + "consistency.html"
DEFINITIONS = _GUIDE + "cql.ddl.table.html"
FUNCTIONS = _GUIDE + "cassandra-apis.html#cassandra-functions"
QUOTAS = _GUIDE + "quotas.html"
SELECTS = _GUIDE + "cql.dml.select.html"
TIMESTAMPS = _GUIDE + "client-side-timestamps-how-to-queries.html"
TTL = _GUIDE + "TTL-how-it-works.html"
TYPES = _GUIDE + "cql.elements.html#cql.data-types"

VERBS = frozenset(
    {
        *("SELECT", "INSERT", "UPDATE", "DELETE", "BATCH", "USE"),
        *("CREATE KEYSPACE", "ALTER KEYSPACE", "DROP KEYSPACE"),
        *("CREATE TABLE", "ALTER TABLE", "DROP TABLE", "RESTORE TABLE", "CREATE TYPE", "DROP TYPE"),
    }
)
NO_TYPES = frozenset({"DURATION", "VECTOR"})
AGGREGATES = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})
NO_CLAUSES = frozenset({"DISTINCT", "GROUP BY", "PER PARTITION LIMIT"})
NO_ALTERATIONS = frozenset({"ALTER", "DROP", "RENAME"})
READ_LEVELS = frozenset({"ONE", "LOCAL_ONE", "LOCAL_QUORUM"})
WRITE_LEVELS = frozenset({"LOCAL_QUORUM"})
PAST_US = 2 * 24 * 3600 * 1_000_000
FUTURE_US = 5 * 60 * 1_000_000
BATCH_STATEMENTS = {"LOGGED": 100, "UNLOGGED": 30}
SUBQUERIES = 100
COLUMNS = 225
COLUMNS_WITH_TTL = 166
ROW_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Amazon Keyspaces would not do it, and where AWS says so."""

    rule: str
    source: str

    def __str__(self) -> str:
        return f"Amazon Keyspaces refuses this: {self.rule} ({self.source})"


@dataclass(frozen=True, slots=True)
class Switches:
    """What is on in a table. It cannot be told from CQL."""

    timestamps: bool
    ttl: bool


type Tables = Mapping[tuple[str, str], Switches]
"""By keyspace and name. Of others it is not known what is on in them, and not asked."""

type Value = Any
"""Of a bind marker, as it is sent: bytes, or something else that says that there is none."""


def refusal_of_text(statement: Statement, tables: Tables, keyspace: str | None = None) -> Refusal | None:
    """What is wrong with `statement` whatever its values are; `keyspace` is that of tables that state none."""
    if statement.verb not in VERBS:
        return Refusal(f"{statement.verb or 'an empty statement'} is not supported", APIS)
    for refused, what, source in (
        (statement.types & NO_TYPES, "there is no type", TYPES),
        (statement.functions & AGGREGATES, "there is no aggregate", FUNCTIONS),
        (statement.clauses & NO_CLAUSES, "SELECT has no", SELECTS),
        (statement.clauses & NO_ALTERATIONS, "a table is altered with ADD or WITH, not with", DEFINITIONS),
    ):
        if refused:
            return Refusal(f"{what} {_listed(refused)}", source)
    if statement.verb == "BATCH":
        return _of_batch_text(statement, tables, keyspace)
    return _of_table(statement, tables, keyspace)


def refusal_of_request(statement: Statement, consistency: str, values: Sequence[Value], now_us: int) -> Refusal | None:
    """What is wrong with this request, the text aside; `consistency` by its name."""
    if statement.verb == "SELECT":
        if consistency not in READ_LEVELS:
            return Refusal(f"reads are made at {_listed(READ_LEVELS)}, not {consistency}", CONSISTENCY)
        return _of_lists(statement, values) if statement.lists else None
    if statement.verb in {"INSERT", "UPDATE", "DELETE", "BATCH"}:
        if consistency not in WRITE_LEVELS:
            return Refusal(f"writes are made at LOCAL_QUORUM, not {consistency}", CONSISTENCY)
        return refusal_of_write(statement, values, now_us)
    return None


def refusal_of_write(statement: Statement, values: Sequence[Value], now_us: int) -> Refusal | None:
    """What is wrong with a write, alone or in a batch."""
    if statement.timestamp is not None:
        stated_us = _long(statement.timestamp, values)
        if stated_us is not None and not now_us - PAST_US <= stated_us <= now_us + FUTURE_US:
            return Refusal(
                "a timestamp is at most 2 days old and at most 5 minutes ahead, "
                f"this one is {(stated_us - now_us) / 1e6:+.0f} s from now",
                TIMESTAMPS,
            )
    if statement.parts:
        return next((each for part in statement.parts if (each := refusal_of_write(part, values, now_us))), None)
    size = sum([len(value) for value in values if isinstance(value, bytes)])
    if size > ROW_BYTES:
        return Refusal(f"a row has 1 MB at most, this one has {size} bytes", QUOTAS)
    return None


def refusal_of_batch(kind: str, statements: Sequence[Statement]) -> Refusal | None:
    """What is wrong with such a batch (`LOGGED`, `UNLOGGED`, `COUNTER`) of these statements, whatever their values."""
    limit = BATCH_STATEMENTS.get(kind)
    if limit is None:
        return Refusal(f"there are no {kind} batches", BATCHES)
    if len(statements) > limit:
        return Refusal(f"a batch that is {kind} has {limit} statements at most, not {len(statements)}", BATCHES)
    if any("IF" in statement.clauses for statement in statements):
        return Refusal("a batch has no conditional statements", BATCHES)
    return None


def _of_batch_text(batch: Statement, tables: Tables, keyspace: str | None) -> Refusal | None:
    kind = next(iter(batch.clauses & {"UNLOGGED", "COUNTER"}), "LOGGED")
    parts = (refusal_of_text(part, tables, keyspace) for part in batch.parts)
    return refusal_of_batch(kind, batch.parts) or next((each for each in parts if each), None)


def _of_table(statement: Statement, tables: Tables, keyspace: str | None) -> Refusal | None:
    limit = COLUMNS_WITH_TTL if "TTL" in statement.clauses else COLUMNS
    if statement.columns > limit:
        return Refusal(f"a statement writes {limit} columns at most, not {statement.columns}", QUOTAS)
    name = statement.table if len(statement.table) == len(("keyspace", "name")) else (keyspace or "", *statement.table)
    table = tables.get((name[0], name[-1]))
    if table is None:
        return None
    if "TIMESTAMP" in statement.clauses and not table.timestamps:
        return Refusal(f"client-side timestamps are not on in {'.'.join(name)}", TIMESTAMPS)
    if "TTL" in statement.clauses and not table.ttl:
        return Refusal(f"time to live is not on in {'.'.join(name)}", TTL)
    return None


def _of_lists(statement: Statement, values: Sequence[Value]) -> Refusal | None:
    subqueries = math.prod(_length(listed, values) for listed in statement.lists)
    if subqueries > SUBQUERIES:
        return Refusal(f"IN makes {SUBQUERIES} subqueries at most, not {subqueries}", QUOTAS)
    return None


def _long(number: Number, values: Sequence[Value]) -> int | None:
    if isinstance(number, int):
        return number
    value = _value(number, values)
    return int.from_bytes(value, signed=True) if value is not None else None


def _length(number: Number, values: Sequence[Value]) -> int:
    """A list begins with how many there are in it."""
    if isinstance(number, int):
        return number
    value = _value(number, values)
    return struct.unpack_from(">i", value)[0] if value else 0


def _value(marker: Marker, values: Sequence[Value]) -> bytes | None:
    value = values[marker.index] if marker.index < len(values) else None
    return value if isinstance(value, bytes) else None


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
