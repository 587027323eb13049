"""
`NotificationSettings` on PostgreSQL. A change holds the user's row: it waits for another one, and for an erasure, which
forgets what came before it and lets nothing follow.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.accounts.time_zones import time_zone
from natter.domain.ids import UserId
from natter.ports.accounts import NotificationSettings

NOTIFICATIONS = """
    SELECT user_id, previews, mentions_pierce_mute, quiet_begins, quiet_ends, quiet_time_zone FROM notifications
    WHERE user_id = ANY(%s)
"""
_HOLD_USER = "SELECT FROM users WHERE user_id = %s AND erased_at IS NULL FOR NO KEY UPDATE"
_KEEP = """
    INSERT INTO notifications (user_id, previews, mentions_pierce_mute, quiet_begins, quiet_ends, quiet_time_zone)
    VALUES (%(user_id)s, %(previews)s, %(mentions_pierce_mute)s, %(begins)s, %(ends)s, %(time_zone)s)
    ON CONFLICT (user_id) DO UPDATE SET
        previews = excluded.previews, mentions_pierce_mute = excluded.mentions_pierce_mute,
        quiet_begins = excluded.quiet_begins, quiet_ends = excluded.quiet_ends,
        quiet_time_zone = excluded.quiet_time_zone
"""


class PostgresNotificationSettings:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Notifications]:
        return _settled(users, self._postgres.query(NOTIFICATIONS, (list(users),)))

    def change(self, user: UserId, change: Callable[[Notifications], Notifications]) -> Notifications | None:
        def work(cursor: Cursor) -> Notifications | None:
            if cursor.execute(_HOLD_USER, (user,)).fetchone() is None:
                return None
            changed = change(_settled([user], cursor.execute(NOTIFICATIONS, ([user],)).fetchall())[user])
            cursor.execute(_KEEP, _row(user, changed))
            return changed

        return self._postgres.run(work)


def _settled(users: Collection[UserId], rows: list[dict[str, Any]]) -> Mapping[UserId, Notifications]:
    return dict.fromkeys(users, Notifications()) | {UserId(row["user_id"]): notifications_of(row) for row in rows}


def notifications_of(row: dict[str, Any]) -> Notifications:
    """As a row of `notifications` says it."""
    quiet = None
    if row["quiet_time_zone"] is not None:
        quiet = QuietHours(
            begins=row["quiet_begins"], ends=row["quiet_ends"], time_zone=time_zone(row["quiet_time_zone"])
        )
    return Notifications(previews=row["previews"], mentions_pierce_mute=row["mentions_pierce_mute"], quiet=quiet)


def _row(user: UserId, settings: Notifications) -> dict[str, Any]:
    quiet = settings.quiet
    return {
        "user_id": user,
        "previews": settings.previews,
        "mentions_pierce_mute": settings.mentions_pierce_mute,
        "begins": None if quiet is None else quiet.begins,
        "ends": None if quiet is None else quiet.ends,
        "time_zone": None if quiet is None else quiet.time_zone.key,
    }


_: type[NotificationSettings] = PostgresNotificationSettings
