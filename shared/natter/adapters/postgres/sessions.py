"""`Sessions` on PostgreSQL: every change begins with a conditional one, so of two at once one finds its condition."""

from collections.abc import Collection, Sequence
from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import RefreshToken, TokenDigests
from natter.domain.accounts.users import Device, Principal, Session
from natter.domain.errors import BadCredentials
from natter.domain.ids import SessionId, UserId
from natter.ports.accounts import Sessions

_HOLD_USER = "SELECT user_id FROM users WHERE user_id = %(user_id)s AND erased_at IS NULL FOR SHARE"
_NOTE_DEVICE = """
    INSERT INTO devices (user_id, device_id, name, platform, last_seen_at)
    VALUES (%(user_id)s, %(device_id)s, %(name)s, coalesce(%(platform)s, 'other'), %(at)s)
    ON CONFLICT (user_id, device_id) DO UPDATE SET
        name = coalesce(%(name)s, devices.name),
        platform = coalesce(%(platform)s, devices.platform),
        last_seen_at = greatest(devices.last_seen_at, excluded.last_seen_at)
"""
_OPEN = """
    INSERT INTO sessions (session_id, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at)
    VALUES (%(session_id)s, %(user_id)s, %(device_id)s, %(family)s, %(turn)s, %(at)s, %(at)s)
    ON CONFLICT (session_id) DO NOTHING
"""
# The following turn matches, too: only this very call can have put it there, and its answer was lost.
_ROTATE = """
    WITH rotated AS (
        UPDATE sessions SET turn_digest = %(following)s, refreshed_at = %(at)s
        WHERE session_id = %(session_id)s AND family_digest = %(family)s
          AND turn_digest IN (%(shown)s, %(following)s) AND ended_at IS NULL
        RETURNING user_id, device_id
    )
    UPDATE devices SET last_seen_at = greatest(last_seen_at, %(at)s)
    FROM rotated WHERE devices.user_id = rotated.user_id AND devices.device_id = rotated.device_id
    RETURNING devices.device_id
"""
_END = """
    UPDATE sessions SET ended_at = %s WHERE session_id = %s AND ended_at IS NULL RETURNING user_id, device_id
"""
_DROP_PUSH = "DELETE FROM push_registrations WHERE user_id = %(user_id)s AND device_id = %(device_id)s"
_DIGESTS = "SELECT session_id, user_id, device_id, family_digest, turn_digest FROM sessions WHERE session_id = %s"
_FIELDS = """
    SELECT session_id, user_id, device_id, name, platform, sessions.created_at, refreshed_at
    FROM sessions JOIN devices USING (user_id, device_id)
"""
_LIVE = f"{_FIELDS} WHERE user_id = %s AND ended_at IS NULL ORDER BY sessions.created_at DESC, session_id DESC"


class PostgresSessions:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def open(self, session: Session, digests: TokenDigests) -> None:
        row = {
            "session_id": session.principal.session_id,
            "user_id": session.principal.user_id,
            "device_id": session.principal.device_id,
            "name": session.device.name,
            "platform": session.device.platform,
            "family": digests.family,
            "turn": digests.turn,
            "at": session.created_at,
        }

        def work(cursor: Cursor) -> None:
            if cursor.execute(_HOLD_USER, row).fetchone() is None:
                raise BadCredentials
            cursor.execute(_NOTE_DEVICE, row)
            cursor.execute(_OPEN, row)

        self._postgres.run(work)

    def recognise(self, shown: RefreshToken) -> Recognised | None:
        rows = self._postgres.query(_DIGESTS, (shown.session_id,))
        digests = shown.digests()
        if not rows or not TokenDigests(rows[0]["family_digest"], rows[0]["turn_digest"]).recognise(digests):
            return None
        return Recognised(_principal(rows[0]), current=rows[0]["turn_digest"] == digests.turn)

    def rotate(self, shown: RefreshToken, following: RefreshToken, *, at: int) -> bool:
        arguments = {
            "session_id": shown.session_id,
            "family": shown.digests().family,
            "shown": shown.digests().turn,
            "following": following.digests().turn,
            "at": at,
        }
        return bool(self._postgres.query(_ROTATE, arguments))

    def is_live(self, session: SessionId) -> bool:
        query = "SELECT 1 AS live FROM sessions WHERE session_id = %s AND ended_at IS NULL"
        return bool(self._postgres.query(query, (session,)))

    def live_among(self, sessions: Collection[SessionId]) -> frozenset[SessionId]:
        query = "SELECT session_id FROM sessions WHERE session_id = ANY(%s) AND ended_at IS NULL"
        return frozenset(SessionId(row["session_id"]) for row in self._postgres.query(query, (list(sessions),)))

    def find(self, session: SessionId) -> Session | None:
        rows = self._postgres.query(f"{_FIELDS} WHERE session_id = %s", (session,))
        return _session(rows[0]) if rows else None

    def of_user(self, user: UserId) -> Sequence[Session]:
        return [_session(row) for row in self._postgres.query(_LIVE, (user,))]

    def end(self, session: SessionId, *, at: int) -> None:
        """The registration is dropped by a statement of its own: it may have been made while the first one waited."""

        def work(cursor: Cursor) -> None:
            for ended in cursor.execute(_END, (at, session)).fetchall():
                cursor.execute(_DROP_PUSH, ended)

        self._postgres.run(work)


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(user_id=row["user_id"], device_id=row["device_id"], session_id=row["session_id"])


def _session(row: dict[str, Any]) -> Session:
    return Session(
        principal=_principal(row),
        device=Device(device_id=row["device_id"], name=row["name"], platform=row["platform"]),
        created_at=row["created_at"],
        refreshed_at=row["refreshed_at"],
    )


_: type[Sessions] = PostgresSessions
