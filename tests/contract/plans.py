"""How PostgreSQL would run a statement."""

from typing import Any

from natter.adapters.postgres import Cursor, Postgres


def plan(postgres: Postgres, statement: str, arguments: Any) -> str:
    """
    The plan where reading a whole table is the last resort: tables of tests are small, and small ones are read whole.
    """

    def explain(cursor: Cursor) -> str:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        rows = cursor.execute(f"EXPLAIN {statement}".encode(), arguments).fetchall()
        return "\n".join(row["QUERY PLAN"] for row in rows)

    return postgres.run(explain)
