"""How PostgreSQL would run a statement."""

from collections.abc import Callable, Iterator
from typing import Any, LiteralString, cast

from psycopg.rows import DictRow

from natter.adapters.postgres.client import Arguments, Cursor, Login, Postgres
from natter.settings import PostgresSettings

_LAST_RESORTS = ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
"""Tables of tests are small, and small ones are read, and joined, whole."""


def plan(postgres: Postgres, statement: str, arguments: Any) -> str:
    """The plan where reading a whole table is the last resort."""

    def explain(cursor: Cursor) -> str:
        _avoid_reading_all(cursor)
        rows = cursor.execute(f"EXPLAIN {statement}".encode(), arguments).fetchall()
        return "\n".join(row["QUERY PLAN"] for row in rows)

    return postgres.run(explain)


class PlannedPostgres(Postgres):
    """Notes of every statement that it runs which tables it would read whole."""

    def __init__(self, settings: PostgresSettings, read_login: Callable[[], Login]) -> None:
        super().__init__(settings, read_login)
        self.explained: list[str] = []
        self.read_whole: list[str] = []

    def query(self, statement: LiteralString, arguments: Arguments = ()) -> list[DictRow]:
        return self.run(lambda cursor: _rows(cursor.execute(statement, arguments)))

    def run[T](self, work: Callable[[Cursor], T]) -> T:
        return super().run(lambda cursor: work(cast("Cursor", _Planned(cursor, self))))


class _Planned:
    """A cursor that explains each statement before it executes it."""

    def __init__(self, cursor: Cursor, notes: PlannedPostgres) -> None:
        self._cursor = cursor
        self._notes = notes

    def execute(self, statement: LiteralString, arguments: Arguments = ()) -> Cursor:
        _avoid_reading_all(self._cursor)
        row = self._cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", arguments).fetchone()
        assert row is not None
        whole = [node["Relation Name"] for node in _scans(row["QUERY PLAN"][0]["Plan"])]
        self._notes.explained.append(statement)
        self._notes.read_whole += [f"{table} in {statement}" for table in whole]
        return self._cursor.execute(statement, arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _avoid_reading_all(cursor: Cursor) -> None:
    for kind in _LAST_RESORTS:
        cursor.execute(f"SET LOCAL enable_{kind} = off".encode())


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that no condition leads through an index."""
    if node["Node Type"].endswith("Scan") and "Relation Name" in node and "Index Cond" not in node:
        yield node
    for inner in node.get("Plans", ()):
        yield from _scans(inner)


def _rows(cursor: Cursor) -> list[DictRow]:
    return cursor.fetchall() if cursor.description else []
