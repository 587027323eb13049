"""
`Profiles`, `Contacts` and `Blocks` on PostgreSQL. That nobody is there across a block is said in one statement with the
look-up itself: nobody can tell, by the time it takes either, who is blocked from who does not exist.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import LiteralString

from natter.adapters.postgres.client import Cursor, Postgres
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

_PROFILE = "SELECT u.user_id, u.username, u.display_name, u.avatar, u.created_at, u.contactable"
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
        ON CONFLICT DO NOTHING RETURNING blocked_id
    )
    SELECT (SELECT count(*) FROM added) AS added FROM found
"""
_REMOVE_BLOCK = "DELETE FROM blocks WHERE user_id = %(user)s AND blocked_id = %(blocked)s"
_LOCK_PAIR = "SELECT pg_advisory_xact_lock(hashtextextended(%(pair)s, 0))"
# What `Conversations.stale_between` finds. Both counts of a conversation only grow, so whoever remembers a roster
# knows that this one is later.
_LEAVE_STALE = """
    WITH changed AS (
        UPDATE conversations SET block_changes = block_changes + 1 WHERE direct_key = %(pair)s
        RETURNING conversation_id, block_changes
    )
    INSERT INTO stale_rosters (conversation_id, version, since)
    SELECT conversation_id, block_changes, %(at)s FROM changed
    ON CONFLICT (conversation_id) DO UPDATE SET version = excluded.version
"""
ACROSS = """
    WITH pairs AS (SELECT * FROM unnest(%(some)s::text[], %(others)s::text[]) AS p (one, other))
    SELECT one, other FROM pairs JOIN blocks b ON b.user_id = one AND b.blocked_id = other
    UNION SELECT one, other FROM pairs JOIN blocks b ON b.user_id = other AND b.blocked_id = one
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
        pair = direct_key((user, blocked))
        row = {"user": user, "blocked": blocked, "at": at, "pair": pair}

        def work(cursor: Cursor) -> bool:
            lock_pair(cursor, pair)
            found = cursor.execute(ADD_BLOCK, row).fetchone()
            if found is not None and found["added"]:
                cursor.execute(_LEAVE_STALE, row)
            return found is not None

        return self._postgres.run(work)

    def remove(self, user: UserId, blocked: UserId, *, at: int) -> None:
        pair = direct_key((user, blocked))
        row = {"user": user, "blocked": blocked, "at": at, "pair": pair}

        def work(cursor: Cursor) -> None:
            lock_pair(cursor, pair)
            if cursor.execute(_REMOVE_BLOCK, row).rowcount:
                cursor.execute(_LEAVE_STALE, row)

        self._postgres.run(work)

    def across(self, pairs: Collection[tuple[UserId, UserId]]) -> frozenset[tuple[UserId, UserId]]:
        if not pairs:
            return frozenset()
        some, others = (list(side) for side in zip(*pairs, strict=True))
        rows = self._postgres.query(ACROSS, {"some": some, "others": others})
        return frozenset((UserId(row["one"]), UserId(row["other"])) for row in rows)

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        rows = self._postgres.query(BLOCKED, {"user": user, "after": after or "", "limit": limit})
        return [User(**row) for row in rows]


def direct_key(pair: Iterable[UserId]) -> str:
    """What two have one direct conversation by."""
    return ":".join(sorted(pair))


def lock_pair(cursor: Cursor, pair: str) -> None:
    """
    Until the transaction ends, neither is a block between the two changed nor a direct conversation of theirs begun:
    of the two, whichever comes second sees the other.
    """
    cursor.execute(_LOCK_PAIR, {"pair": pair})


_profiles: type[Profiles] = PostgresProfiles
_contacts: type[Contacts] = PostgresContacts
_blocks: type[Blocks] = PostgresBlocks
