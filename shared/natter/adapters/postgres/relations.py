"""
`Profiles`, `Contacts` and `Blocks` on PostgreSQL. That nobody is there across a block is said in one statement with the
look-up itself: nobody can tell, by the time it takes either, who is blocked from who does not exist.
"""

from collections.abc import Sequence
from typing import LiteralString

from natter.adapters.postgres.client import Postgres
from natter.domain.accounts.users import User
from natter.domain.ids import UserId
from natter.ports.accounts import Blocks, Contacts, Profiles

VISIBLE: LiteralString = """
    NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = %(seen_by)s AND b.blocked_id = u.user_id)
    AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = u.user_id AND b.blocked_id = %(seen_by)s)
    AND u.erased_at IS NULL
"""
"""
Whether `u` is there, and without a block between the asking user and them: two look-ups by primary key.
"""

_PROFILE = "SELECT u.user_id, u.username, u.display_name, u.avatar, u.created_at"
PROFILE_BY_ID = f"{_PROFILE} FROM users u WHERE u.user_id = %(user)s AND {VISIBLE}"
PROFILE_BY_NAME = f"{_PROFILE} FROM users u WHERE u.username = %(username)s AND {VISIBLE}"

ADD_CONTACT = f"""
    WITH found AS (SELECT u.user_id FROM users u WHERE u.user_id = %(contact)s AND {VISIBLE}),
    added AS (
        INSERT INTO contacts (user_id, contact_id, added_at) SELECT %(seen_by)s, found.user_id, %(at)s FROM found
        ON CONFLICT DO NOTHING
    )
    SELECT user_id FROM found
"""  # noqa: S608 - constants
CONTACTS = f"""
    {_PROFILE} FROM contacts c JOIN users u ON u.user_id = c.contact_id
    WHERE c.user_id = %(seen_by)s AND c.contact_id > %(after)s AND {VISIBLE}
    ORDER BY c.contact_id LIMIT %(limit)s
"""

ADD_BLOCK = """
    WITH found AS (SELECT user_id FROM users WHERE user_id = %(blocked)s AND erased_at IS NULL),
    added AS (
        INSERT INTO blocks (user_id, blocked_id, blocked_at) SELECT %(user)s, found.user_id, %(at)s FROM found
        ON CONFLICT DO NOTHING
    )
    SELECT user_id FROM found
"""
BETWEEN = """
    SELECT 1 AS found WHERE EXISTS (SELECT FROM blocks WHERE user_id = %(user)s AND blocked_id = %(other)s)
                         OR EXISTS (SELECT FROM blocks WHERE user_id = %(other)s AND blocked_id = %(user)s)
"""
BLOCKED = f"""
    {_PROFILE} FROM blocks b JOIN users u ON u.user_id = b.blocked_id
    WHERE b.user_id = %(user)s AND b.blocked_id > %(after)s
    ORDER BY b.blocked_id LIMIT %(limit)s
"""


class PostgresProfiles:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def by_id(self, user: UserId, *, seen_by: UserId) -> User | None:
        rows = self._postgres.query(PROFILE_BY_ID, {"user": user, "seen_by": seen_by})
        return User(**rows[0]) if rows else None

    def by_name(self, username: str, *, seen_by: UserId) -> User | None:
        rows = self._postgres.query(PROFILE_BY_NAME, {"username": username, "seen_by": seen_by})
        return User(**rows[0]) if rows else None


class PostgresContacts:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, user: UserId, contact: UserId, *, at: int) -> bool:
        return bool(self._postgres.query(ADD_CONTACT, {"seen_by": user, "contact": contact, "at": at}))

    def remove(self, user: UserId, contact: UserId) -> None:
        self._postgres.query("DELETE FROM contacts WHERE user_id = %s AND contact_id = %s", (user, contact))

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        rows = self._postgres.query(CONTACTS, {"seen_by": user, "after": after or "", "limit": limit})
        return [User(**row) for row in rows]


class PostgresBlocks:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, user: UserId, blocked: UserId, *, at: int) -> bool:
        return bool(self._postgres.query(ADD_BLOCK, {"user": user, "blocked": blocked, "at": at}))

    def remove(self, user: UserId, blocked: UserId) -> None:
        self._postgres.query("DELETE FROM blocks WHERE user_id = %s AND blocked_id = %s", (user, blocked))

    def between(self, user: UserId, other: UserId) -> bool:
        return bool(self._postgres.query(BETWEEN, {"user": user, "other": other}))

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        rows = self._postgres.query(BLOCKED, {"user": user, "after": after or "", "limit": limit})
        return [User(**row) for row in rows]


_profiles: type[Profiles] = PostgresProfiles
_contacts: type[Contacts] = PostgresContacts
_blocks: type[Blocks] = PostgresBlocks
