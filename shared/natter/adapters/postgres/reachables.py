"""`Reachables` on PostgreSQL."""

from collections.abc import Collection, Mapping
from typing import Any

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.notifications import PostgresNotificationSettings
from natter.domain.accounts.notifications import Notifications
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Reachable
from natter.ports.push import Reachables

# Of a direct conversation the other one is its other member; across a block the two are told nothing of each other.
_MEMBERS = """
    SELECT m.conversation_id, m.user_id, m.joined_at, m.muted_until, m.notify, c.kind, c.title,
        c.kind = 'direct' AND (
            EXISTS (
                SELECT FROM members o JOIN blocks b ON b.user_id = o.user_id AND b.blocked_id = m.user_id
                WHERE o.conversation_id = m.conversation_id
            )
            OR EXISTS (
                SELECT FROM members o JOIN blocks b ON b.user_id = m.user_id AND b.blocked_id = o.user_id
                WHERE o.conversation_id = m.conversation_id
            )
        ) AS blocked
    FROM unnest(%(conversations)s::text[], %(users)s::text[]) AS asked (conversation_id, user_id)
    JOIN members m USING (conversation_id, user_id) JOIN conversations c USING (conversation_id)
"""
_NAMES = "SELECT user_id, display_name FROM users WHERE user_id = ANY(%s) AND erased_at IS NULL"


class PostgresReachables:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._notifications = PostgresNotificationSettings(postgres)

    def of(
        self, members: Collection[tuple[ConversationId, UserId]]
    ) -> Mapping[tuple[ConversationId, UserId], Reachable]:
        if not members:
            return {}
        asked = list(members)
        rows = self._postgres.query(
            _MEMBERS, {"conversations": [each for each, _ in asked], "users": [user for _, user in asked]}
        )
        notifications = self._notifications.of({UserId(row["user_id"]) for row in rows})
        return {
            (ConversationId(row["conversation_id"]), UserId(row["user_id"])): _reachable(
                row, notifications[UserId(row["user_id"])]
            )
            for row in rows
        }

    def names(self, users: Collection[UserId]) -> Mapping[UserId, str]:
        if not users:
            return {}
        return {UserId(row["user_id"]): row["display_name"] for row in self._postgres.query(_NAMES, (list(users),))}


def _reachable(row: Mapping[str, Any], notifications: Notifications) -> Reachable:
    return Reachable(
        kind=row["kind"],
        title=row["title"],
        muted_until=row["muted_until"],
        notify=row["notify"],
        notifications=notifications,
        joined_at=row["joined_at"],
        blocked=row["blocked"],
    )


_: type[Reachables] = PostgresReachables
