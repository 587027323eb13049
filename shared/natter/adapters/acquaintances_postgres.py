"""`Acquaintances` on PostgreSQL."""

from collections.abc import Collection

from natter.adapters.postgres import Postgres
from natter.adapters.relations_postgres import VISIBLE
from natter.domain.ids import UserId
from natter.ports.presence import Acquaintances

AMONG = f"""
    SELECT u.user_id FROM users u
    WHERE u.user_id = ANY(%(others)s) AND {VISIBLE}
    AND EXISTS (SELECT FROM users s WHERE s.user_id = %(seen_by)s AND s.erased_at IS NULL)
    AND (
        u.user_id = %(seen_by)s
        OR EXISTS (
            SELECT FROM members mine JOIN members theirs USING (conversation_id)
            WHERE mine.user_id = %(seen_by)s AND theirs.user_id = u.user_id
        )
        OR (
            EXISTS (SELECT FROM contacts c WHERE c.user_id = %(seen_by)s AND c.contact_id = u.user_id)
            AND EXISTS (SELECT FROM contacts c WHERE c.user_id = u.user_id AND c.contact_id = %(seen_by)s)
        )
    )
"""  # noqa: S608 - constants


class PostgresAcquaintances:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def among(self, user: UserId, others: Collection[UserId]) -> frozenset[UserId]:
        if not others:
            return frozenset()
        rows = self._postgres.query(AMONG, {"seen_by": user, "others": list(others)})
        return frozenset(UserId(row["user_id"]) for row in rows)


_: type[Acquaintances] = PostgresAcquaintances
