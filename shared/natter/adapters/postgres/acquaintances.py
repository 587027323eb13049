"""`Acquaintances` on PostgreSQL."""

from collections.abc import Collection, Mapping

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.relations import VISIBLE
from natter.domain.ids import UserId
from natter.ports.presence import Acquaintances

_OF_ONE = f"""
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

AMONG_EACH = f"""
    WITH wanted AS (
        SELECT seen_by, array_agg(other) AS others
        FROM unnest(%(users)s::text[], %(others)s::text[]) AS pairs (seen_by, other) GROUP BY seen_by
    )
    SELECT wanted.seen_by, found.user_id FROM wanted CROSS JOIN LATERAL (
        {_OF_ONE.replace("%(others)s", "wanted.others").replace("%(seen_by)s", "wanted.seen_by")}
    ) found
"""  # noqa: S608 - constants


class PostgresAcquaintances:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def among(self, user: UserId, others: Collection[UserId]) -> frozenset[UserId]:
        return self.among_each({user: others})[user]

    def among_each(self, wanted: Mapping[UserId, Collection[UserId]]) -> Mapping[UserId, frozenset[UserId]]:
        pairs = [(user, other) for user, others in wanted.items() for other in others]
        found: dict[UserId, set[UserId]] = {user: set() for user in wanted}
        if pairs:
            users, others = (list(side) for side in zip(*pairs, strict=True))
            for row in self._postgres.query(AMONG_EACH, {"users": users, "others": others}):
                found[UserId(row["seen_by"])].add(UserId(row["user_id"]))
        return {user: frozenset(visible) for user, visible in found.items()}


_: type[Acquaintances] = PostgresAcquaintances
