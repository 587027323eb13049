"""
`Devices` on PostgreSQL. A registration holds the device's live sessions while it is made, so that ending one waits and
then finds it, or has happened and is seen; registrations of one token wait for each other.
"""

from collections.abc import Sequence
from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.users import MAX_REGISTRATIONS, SESSION_IDLE_MS, Device, KnownDevice, PushTarget
from natter.domain.ids import DeviceId, UserId
from natter.ports.accounts import Devices

DEVICES = """
    SELECT d.device_id, d.name, d.platform, d.last_seen_at, p.provider
    FROM devices d LEFT JOIN push_registrations p USING (user_id, device_id)
    WHERE d.user_id = %s AND d.device_id > %s
    ORDER BY d.device_id LIMIT %s
"""
HAS = "SELECT device_id FROM devices WHERE user_id = %s AND device_id = %s"
HOLD_SESSIONS = """
    SELECT session_id FROM sessions
    WHERE user_id = %(user_id)s AND device_id = %(device_id)s AND ended_at IS NULL AND refreshed_at > %(idle_since)s
    FOR SHARE
"""
_HOLD_TOKEN = "SELECT pg_advisory_xact_lock(hashtextextended(%(token)s, 0))"  # noqa: S105 - a statement
FREE_TOKEN = """
    DELETE FROM push_registrations
    WHERE provider = %(provider)s AND token = %(token)s AND (user_id, device_id) <> (%(user_id)s, %(device_id)s)
"""  # noqa: S105 - a statement
_REGISTER = """
    INSERT INTO push_registrations (user_id, device_id, provider, token, endpoint, registered_at)
    VALUES (%(user_id)s, %(device_id)s, %(provider)s, %(token)s, %(endpoint)s, %(at)s)
    ON CONFLICT (user_id, device_id) DO UPDATE SET
        provider = excluded.provider, token = excluded.token, endpoint = excluded.endpoint,
        registered_at = excluded.registered_at
"""
_KEEP_LATEST = """
    DELETE FROM push_registrations WHERE user_id = %(user_id)s AND device_id IN (
        SELECT device_id FROM push_registrations WHERE user_id = %(user_id)s
        ORDER BY device_id = %(device_id)s DESC, registered_at DESC, device_id OFFSET %(most)s
    )
"""
FORGET_ABANDONED = "DELETE FROM abandoned_endpoints WHERE provider = %(provider)s AND token = %(token)s"
_DROP = """
    WITH dropped AS (DELETE FROM push_registrations WHERE user_id = %(user_id)s AND device_id = %(device_id)s)
    SELECT device_id FROM devices WHERE user_id = %(user_id)s AND device_id = %(device_id)s
"""


class PostgresDevices:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def of(self, user: UserId, *, after: DeviceId | None, limit: int) -> Sequence[KnownDevice]:
        return [_device(row) for row in self._postgres.query(DEVICES, (user, after or "", limit))]

    def has(self, user: UserId, device: DeviceId) -> bool:
        return bool(self._postgres.query(HAS, (user, device)))

    def register_push(
        self, user: UserId, device: DeviceId, target: PushTarget, *, endpoint: str | None, at: int
    ) -> bool:
        row = {
            "user_id": user,
            "device_id": device,
            "provider": target.provider,
            "token": target.token,
            "endpoint": endpoint,
            "at": at,
            "idle_since": at - SESSION_IDLE_MS,
            "most": MAX_REGISTRATIONS,
        }

        def work(cursor: Cursor) -> bool:
            if not cursor.execute(HOLD_SESSIONS, row).fetchall():
                return False
            cursor.execute(_HOLD_TOKEN, row)
            cursor.execute(FREE_TOKEN, row)
            cursor.execute(_REGISTER, row)
            cursor.execute(_KEEP_LATEST, row)
            cursor.execute(FORGET_ABANDONED, row)  # it was abandoned by whom it was taken away from
            return True

        return self._postgres.run(work)

    def drop_push(self, user: UserId, device: DeviceId) -> bool:
        return bool(self._postgres.query(_DROP, {"user_id": user, "device_id": device}))


def _device(row: dict[str, Any]) -> KnownDevice:
    device = Device(device_id=row["device_id"], name=row["name"], platform=row["platform"])
    return KnownDevice(device=device, last_seen_at=row["last_seen_at"], push=row["provider"])


_: type[Devices] = PostgresDevices
