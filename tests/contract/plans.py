"""How PostgreSQL would run a statement."""

from collections.abc import Callable, Iterator
from typing import Any, LiteralString, cast

from psycopg.rows import DictRow

from natter.adapters.postgres.client import Arguments, Cursor, Login, Postgres
from natter.settings import PostgresSettings


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
        row = self._cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", arguments).fetchone()
        assert row is not None
        self._notes.explained.append(statement)
        self._notes.read_whole += [f"{read} in {statement}" for read in _read_whole(row["QUERY PLAN"][0]["Plan"])]
        return self._cursor.execute(statement, arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _read_whole(node: dict[str, Any], within: str = "") -> Iterator[str]:
    """The tables and indexes from which no condition picks the rows, nor a limit those that come first."""
    kind = node["Node Type"]
    read = node.get("Relation Name") or node.get("Index Name")
    is_first_of_index = within == "Limit" and kind.startswith("Index") and "Filter" not in node
    has_index_below = kind == "Bitmap Heap Scan"
    if kind.endswith("Scan") and read and "Index Cond" not in node and not (is_first_of_index or has_index_below):
        yield read
    for inner in node.get("Plans", ()):
        yield from _read_whole(inner, kind)


def _rows(cursor: Cursor) -> list[DictRow]:
    return cursor.fetchall() if cursor.description else []
