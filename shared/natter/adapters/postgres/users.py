"""`Users` on PostgreSQL: the primary key makes `add` repeatable, a unique constraint keeps names unique."""

from typing import Any

from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.accounts.credentials import Credentials
from natter.domain.accounts.users import ProfileChange, User
from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId
from natter.ports.accounts import Users

_ADD = """
    INSERT INTO users (user_id, username, display_name, created_at)
    VALUES (%(user_id)s, %(username)s, %(display_name)s, %(created_at)s)
    ON CONFLICT DO NOTHING
"""
_ADD_CREDENTIALS = """
    INSERT INTO credentials (user_id, password_hash) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
_FIELDS = """
    SELECT user_id, username, display_name, avatar, created_at, contactable, erased_at IS NOT NULL AS erased FROM users
"""
_CREDENTIALS = """
    SELECT user_id, password_hash FROM users JOIN credentials USING (user_id) WHERE username = %s
"""
_CHANGE_PROFILE = """
    UPDATE users SET
        display_name = coalesce(%(display_name)s, display_name),
        avatar = CASE WHEN %(changes_avatar)s THEN %(avatar)s ELSE avatar END,
        contactable = coalesce(%(contactable)s, contactable)
    WHERE user_id = %(user_id)s AND erased_at IS NULL
    RETURNING user_id, username, display_name, avatar, created_at, contactable
"""
# The new hash matches, too: only this very call can have put it there, and its answer was lost.
_REPLACE_PASSWORD = """
    UPDATE credentials SET password_hash = %(following)s
    WHERE user_id = %(user_id)s AND password_hash IN (%(known)s, %(following)s)
    RETURNING user_id
"""  # noqa: S105 - a statement


def add_user(cursor: Cursor, user: User) -> None:
    """
    Add `user`, as part of a transaction. Adding the same `user_id` again changes nothing.

    Raises:
        UsernameTaken: somebody else has the name.
    """
    row = {
        "user_id": user.user_id,
        "username": user.username,
        "display_name": user.display_name,
        "created_at": user.created_at,
    }
    cursor.execute(_ADD, row)
    if cursor.rowcount == 0:
        cursor.execute("SELECT FROM users WHERE username = %(username)s AND user_id = %(user_id)s", row)
        if cursor.fetchone() is None:
            raise UsernameTaken


class PostgresUsers:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, user: User, password_hash: str) -> None:
        def work(cursor: Cursor) -> None:
            add_user(cursor, user)
            cursor.execute(_ADD_CREDENTIALS, (user.user_id, password_hash))

        self._postgres.run(work)

    def by_id(self, user: UserId) -> User | None:
        return _user(self._postgres.query(f"{_FIELDS} WHERE user_id = %s", (user,)))

    def by_name(self, username: str) -> User | None:
        return _user(self._postgres.query(f"{_FIELDS} WHERE username = %s", (username,)))

    def credentials(self, username: str) -> Credentials | None:
        rows = self._postgres.query(_CREDENTIALS, (username,))
        return Credentials(rows[0]["user_id"], rows[0]["password_hash"]) if rows else None

    def change_profile(self, user: UserId, change: ProfileChange) -> User | None:
        row = {
            "user_id": user,
            "display_name": change.display_name,
            "avatar": change.avatar,
            "changes_avatar": change.changes_avatar,
            "contactable": change.contactable,
        }
        return _user(self._postgres.query(_CHANGE_PROFILE, row))

    def replace_password(self, known: Credentials, password_hash: str) -> bool:
        row = {"user_id": known.user_id, "known": known.password_hash, "following": password_hash}
        return bool(self._postgres.query(_REPLACE_PASSWORD, row))


def _user(rows: list[dict[str, Any]]) -> User | None:
    return User(**rows[0]) if rows else None


_: type[Users] = PostgresUsers
