"""
`Sessions` on PostgreSQL.

Whoever changes sessions locks them before their devices. What hangs on a device is looked up by statements of their
own, once it is locked: what others have done while that was waited for is seen by those, and by no other.

Where sessions are named, whether they live is not a condition of the look-up: by it the planner may take an index of
live ones and read it whole, which it takes for short.
"""

from collections.abc import Collection, Sequence
from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import RefreshToken, TokenDigests, Turns
from natter.domain.accounts.users import SESSION_IDLE_MS, Device, Principal, Session, SessionPlace
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
    VALUES (%(session_id)s, %(user_id)s, %(device_id)s, %(family)s, %(turn)s, %(created_at)s, %(at)s)
    ON CONFLICT (session_id) DO NOTHING
"""
_TOKENS = """
    SELECT session_id, user_id, device_id, family_digest, turn_digest, other_digest, spent_digest, spent_at,
        ended_at IS NULL AND refreshed_at > %(idle_since)s AS lives
    FROM sessions WHERE session_id = %(session_id)s
"""
_HOLD_TOKENS = f"{_TOKENS} FOR UPDATE"
_TURN = """
    UPDATE sessions SET turn_digest = %(current)s, other_digest = %(other)s, spent_digest = %(spent)s,
        spent_at = %(spent_at)s, refreshed_at = greatest(refreshed_at, %(at)s)
    WHERE session_id = %(session_id)s
"""
_SEE_DEVICE = """
    UPDATE devices SET last_seen_at = greatest(last_seen_at, %(at)s)
    WHERE user_id = %(user_id)s AND device_id = %(device_id)s
"""
_LIVE_AMONG = """
    SELECT session_id, ended_at IS NULL AND refreshed_at > %(idle_since)s AS lives
    FROM sessions WHERE session_id = ANY(%(sessions)s::id[])
"""
_END = """
    UPDATE sessions SET ended_at = %(at)s WHERE session_id = ANY(%(sessions)s::id[]) AND coalesce(ended_at, -1) = -1
    RETURNING user_id, device_id
"""
_END_IDLE = """
    UPDATE sessions SET ended_at = %(at)s WHERE session_id IN (
        SELECT session_id FROM sessions WHERE ended_at IS NULL AND refreshed_at <= %(idle_since)s
        ORDER BY refreshed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING user_id, device_id
"""
_FORGET = """
    DELETE FROM sessions WHERE session_id IN (
        SELECT session_id FROM sessions WHERE ended_at < %(ended_before)s
        ORDER BY ended_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING user_id, device_id
"""
_HOLD_DEVICES = """
    SELECT device_id FROM devices
    WHERE (user_id, device_id) IN (SELECT * FROM unnest(%(users)s::id[], %(devices)s::id[]))
    ORDER BY user_id, device_id FOR NO KEY UPDATE
"""
_DROP_PUSH = """
    DELETE FROM push_registrations p
    WHERE (user_id, device_id) IN (SELECT * FROM unnest(%(users)s::id[], %(devices)s::id[]))
    AND NOT EXISTS (
        SELECT FROM sessions s WHERE s.user_id = p.user_id AND s.device_id = p.device_id
        AND ended_at IS NULL AND refreshed_at > %(idle_since)s
    )
"""
_FORGET_DEVICES = """
    DELETE FROM devices d
    WHERE (user_id, device_id) IN (SELECT * FROM unnest(%(users)s::id[], %(devices)s::id[]))
    AND NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = d.user_id AND s.device_id = d.device_id)
    AND NOT EXISTS (SELECT FROM push_registrations p WHERE p.user_id = d.user_id AND p.device_id = d.device_id)
"""
_FIELDS = """
    SELECT session_id, user_id, device_id, name, platform, sessions.created_at, refreshed_at
    FROM sessions JOIN devices USING (user_id, device_id)
"""
_OF_USER = f"""
    {_FIELDS} WHERE user_id = %(user_id)s AND ended_at IS NULL AND refreshed_at > %(idle_since)s
    AND (refreshed_at, session_id) < (%(at_place)s, %(place)s)
    ORDER BY refreshed_at DESC, session_id DESC LIMIT %(limit)s
"""
_IDS_OF_USER = """
    SELECT session_id FROM sessions
    WHERE user_id = %(user_id)s AND ended_at IS NULL AND refreshed_at > %(idle_since)s
    AND session_id IS DISTINCT FROM %(but)s
    ORDER BY refreshed_at DESC, session_id DESC OFFSET %(beyond)s
"""
_FIRST = SessionPlace(2**63 - 1, SessionId("z"))
"""Before all others."""


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
            "created_at": session.created_at,
            "at": session.refreshed_at,
        }

        def work(cursor: Cursor) -> None:
            if cursor.execute(_HOLD_USER, row).fetchone() is None:
                raise BadCredentials
            cursor.execute(_NOTE_DEVICE, row)
            cursor.execute(_OPEN, row)

        self._postgres.run(work)

    def recognise(self, shown: RefreshToken, *, at: int) -> Recognised | None:
        rows = self._postgres.query(_TOKENS, {"session_id": shown.session_id, **_when(at)})
        if not rows or not _recognises(rows[0], shown):
            return None
        return Recognised(_principal(rows[0]), accepted=_turns(rows[0]).accepts(shown.digests().turn, at=at))

    def rotate(self, shown: RefreshToken, following: RefreshToken, *, at: int) -> bool:
        row = {"session_id": shown.session_id, **_when(at)}

        def work(cursor: Cursor) -> bool:
            kept = cursor.execute(_HOLD_TOKENS, row).fetchone()
            if kept is None or not kept["lives"] or not _recognises(kept, shown):
                return False
            turns = _turns(kept).turned(shown.digests().turn, following.digests().turn, at=at)
            if turns is None:
                return False
            changed = {
                "current": turns.current,
                "other": turns.other,
                "spent": turns.spent,
                "spent_at": turns.spent_at,
            }
            cursor.execute(_TURN, {**row, **changed})
            cursor.execute(_SEE_DEVICE, {**row, "user_id": kept["user_id"], "device_id": kept["device_id"]})
            return True

        return self._postgres.run(work)

    def is_live(self, session: SessionId, *, at: int) -> bool:
        return bool(self.live_among([session], at=at))

    def live_among(self, sessions: Collection[SessionId], *, at: int) -> frozenset[SessionId]:
        rows = self._postgres.query(_LIVE_AMONG, {"sessions": list(sessions), **_when(at)}) if sessions else ()
        return frozenset(row["session_id"] for row in rows if row["lives"])

    def find(self, session: SessionId) -> Session | None:
        rows = self._postgres.query(f"{_FIELDS} WHERE session_id = %s", (session,))
        return _session(rows[0]) if rows else None

    def of_user(self, user: UserId, *, after: SessionPlace | None, limit: int, at: int) -> Sequence[Session]:
        at_place, place = after or _FIRST
        row = {"user_id": user, "at_place": at_place, "place": place, "limit": limit, **_when(at)}
        return [_session(found) for found in self._postgres.query(_OF_USER, row)]

    def ids_of_user(self, user: UserId, *, but: SessionId | None, beyond: int, at: int) -> Sequence[SessionId]:
        row = {"user_id": user, "but": but, "beyond": beyond, **_when(at)}
        return [found["session_id"] for found in self._postgres.query(_IDS_OF_USER, row)]

    def end(self, sessions: Collection[SessionId], *, at: int) -> None:
        row = {"sessions": list(sessions), **_when(at)}

        def work(cursor: Cursor) -> None:
            _drop_pushes(cursor, cursor.execute(_END, row).fetchall(), at=at)

        self._postgres.run(work)

    def prune(self, *, ended_before: int, limit: int, at: int) -> int:
        row = {"ended_before": ended_before, "limit": limit, **_when(at)}

        def end(cursor: Cursor) -> int:
            ended = cursor.execute(_END_IDLE, row).fetchall()
            _drop_pushes(cursor, ended, at=at)
            return len(ended)

        def forget(cursor: Cursor) -> int:
            forgotten = cursor.execute(_FORGET, row).fetchall()
            if forgotten:
                _hold(cursor, these := _these(forgotten))
                cursor.execute(_FORGET_DEVICES, these)
            return len(forgotten)

        return self._postgres.run(end) + self._postgres.run(forget)


def _drop_pushes(cursor: Cursor, ended: Sequence[dict[str, Any]], *, at: int) -> None:
    if ended:
        _hold(cursor, these := _these(ended))
        cursor.execute(_DROP_PUSH, {**these, **_when(at)})


def _hold(cursor: Cursor, these: dict[str, Any]) -> None:
    """Of two that end, each the other's last but one, one waits here, and then sees what the other did."""
    cursor.execute(_HOLD_DEVICES, these)


def _these(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"users": [row["user_id"] for row in rows], "devices": [row["device_id"] for row in rows]}


def _when(at: int) -> dict[str, int]:
    return {"at": at, "idle_since": at - SESSION_IDLE_MS}


def _recognises(row: dict[str, Any], shown: RefreshToken) -> bool:
    return TokenDigests(row["family_digest"], row["turn_digest"]).recognise(shown.digests())


def _turns(row: dict[str, Any]) -> Turns:
    return Turns(row["turn_digest"], other=row["other_digest"], spent=row["spent_digest"], spent_at=row["spent_at"])


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
