"""`Acquaintances` on PostgreSQL."""

from collections.abc import Collection

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.relations import VISIBLE
from natter.domain.ids import UserId
from natter.ports.presence import Acquaintances

AMONG = f"""
    SELECT u.user_id FROM users u
    WHERE u.user_id = ANY(%(others)s) AND {VISIBLE}
    AND EXISTS (SELECT FROM users s WHERE s.user_id = %(seen_by)s AND s.erased_at IS NULL)
    AND (
        u.user_id = %(seen_by)s
        OR u.user_id IN (
            SELECT theirs.user_id FROM members theirs JOIN members mine USING (conversation_id)
            WHERE theirs.user_id = ANY(%(others)s) AND mine.user_id = %(seen_by)s
        )
        OR u.user_id IN (
            SELECT mine.contact_id FROM contacts mine
            JOIN contacts theirs ON theirs.user_id = mine.contact_id AND theirs.contact_id = mine.user_id
            WHERE mine.user_id = %(seen_by)s AND mine.contact_id = ANY(%(others)s)
        )
    )
"""  # noqa: S608 - constants
"""Each of the two lists is made once, not for each of the others."""


class PostgresAcquaintances:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def among(self, user: UserId, others: Collection[UserId]) -> frozenset[UserId]:
        if not others:
            return frozenset()
        rows = self._postgres.query(AMONG, {"seen_by": user, "others": list(others)})
        return frozenset(UserId(row["user_id"]) for row in rows)


_: type[Acquaintances] = PostgresAcquaintances
