"""`Exports` on PostgreSQL."""

from collections.abc import Sequence

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.ids import ConversationId, UserId
from natter.domain.privacy.requests import KEPT_MS, RUN_MS, Export
from natter.ports.privacy import Exports

_ASK = """
    INSERT INTO exports (user_id, export_id, asked_at) VALUES (%(user)s, %(export)s, %(at)s)
    ON CONFLICT (user_id) DO UPDATE
    SET export_id = excluded.export_id, asked_at = excluded.asked_at, begun = false, done_at = NULL
    WHERE coalesce(exports.done_at + %(kept)s, exports.asked_at + %(run)s) <= %(at)s
"""
_FIND = "SELECT export_id, done_at IS NOT NULL AS done FROM exports WHERE user_id = %(user)s"
_DROP = "DELETE FROM exports WHERE user_id = %(user)s AND export_id = %(export)s AND done_at IS NULL"
_BEGIN = """
    UPDATE exports SET begun = true
    WHERE user_id = %(user)s AND export_id = %(export)s AND NOT begun AND done_at IS NULL RETURNING user_id
"""
_FINISH = """
    UPDATE exports SET done_at = coalesce(done_at, %(at)s)
    WHERE user_id = %(user)s AND export_id = %(export)s RETURNING user_id
"""
_CONVERSATIONS = """
    SELECT conversation_id FROM members WHERE user_id = %(user)s
    UNION SELECT conversation_id FROM former_members WHERE user_id = %(user)s
    ORDER BY conversation_id
"""


class PostgresExports:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def ask(self, user: UserId, export_id: str, *, at: int) -> Export:
        row = {"user": user, "export": export_id, "at": at, "kept": KEPT_MS, "run": RUN_MS}

        def work(cursor: Cursor) -> Export:
            cursor.execute(_ASK, row)
            (found,) = cursor.execute(_FIND, row).fetchall()
            return Export(**found, new=found["export_id"] == export_id)

        return self._postgres.run(work)

    def drop(self, user: UserId, export_id: str) -> None:
        self._postgres.query(_DROP, {"user": user, "export": export_id})

    def begin(self, user: UserId, export_id: str) -> bool:
        return bool(self._postgres.query(_BEGIN, {"user": user, "export": export_id}))

    def finish(self, user: UserId, export_id: str, *, at: int) -> bool:
        return bool(self._postgres.query(_FINISH, {"user": user, "export": export_id, "at": at}))

    def conversations(self, user: UserId) -> Sequence[ConversationId]:
        return [row["conversation_id"] for row in self._postgres.query(_CONVERSATIONS, {"user": user})]


_: type[Exports] = PostgresExports
