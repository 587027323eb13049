"""
A database of a thousand users: what PostgreSQL plans for small tables says nothing, it reads them whole.

Its tables are analyzed once, so that the plans are the same whenever a test asks for them.
"""

from typing import LiteralString

from natter.adapters.postgres.client import Postgres

DATABASE = "crowd"

_ROWS: tuple[LiteralString, ...] = (
    """
    CREATE TEMPORARY VIEW people AS
    SELECT n, 'user-' || n AS user_id, 'user-' || mod(n, 1000) + 1 AS other_id FROM generate_series(1, 1000) n
    """,
    """
    INSERT INTO users (user_id, username, display_name, created_at)
    SELECT user_id, 'user_' || n, 'Ann', n FROM people
    """,
    "INSERT INTO credentials (user_id, password_hash) SELECT user_id, 'hash' FROM people",
    "INSERT INTO identities (issuer, subject, user_id) SELECT 'https://a', n::text, user_id FROM people",
    "INSERT INTO contacts (user_id, contact_id, added_at) SELECT user_id, other_id, n FROM people",
    "INSERT INTO blocks (user_id, blocked_id, blocked_at) SELECT user_id, other_id, n FROM people",
    "INSERT INTO devices (user_id, device_id, platform, last_seen_at) SELECT user_id, 'phone', 'ios', n FROM people",
    """
    INSERT INTO push_registrations (user_id, device_id, provider, token, endpoint, registered_at)
    SELECT user_id, 'phone', 'fcm', 'token-' || n, 'endpoint-' || n, n FROM people
    """,
    """
    INSERT INTO abandoned_endpoints (provider, token, endpoint, since)
    SELECT 'fcm', 'old-' || n, 'old-endpoint-' || n, n FROM people
    """,
    """
    INSERT INTO notifications (user_id, previews, mentions_pierce_mute) SELECT user_id, true, false FROM people
    """,
    # For each that lives there are some that have ended, long after what tests are to forget.
    """
    INSERT INTO sessions
        (session_id, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at, ended_at)
    SELECT 'session-' || n || '-' || nth, user_id, 'phone', sha256(n::text::bytea), sha256(n::text::bytea),
        n, 1e13 + n, nullif(1e13 + nth * n, 1e13)
    FROM people, generate_series(0, 3) nth
    """,
    """
    INSERT INTO conversations (conversation_id, kind, title, history, created_by, created_at, version)
    SELECT 'group-' || n, 'group', 'Hall', 'all', user_id, n, 1 FROM people
    """,
    """
    INSERT INTO conversations (conversation_id, kind, direct_key, history, created_by, created_at, version)
    SELECT 'direct-' || n, 'direct', least(user_id, other_id) || ':' || greatest(user_id, other_id), 'all',
        user_id, n, 1
    FROM people
    """,
    """
    INSERT INTO members (conversation_id, user_id, role, joined_at, version)
    SELECT kind || '-' || n, member, 'member', n, 1
    FROM people, unnest(ARRAY['group', 'direct']) kind, unnest(ARRAY[user_id, other_id]) member
    """,
    """
    INSERT INTO outbox (conversation_id, version, id, payload, appended_at)
    SELECT conversation_id, 1, gen_random_uuid(), '{}',
        CASE WHEN kind = 'group' THEN 1 END FROM conversations
    """,
    """
    INSERT INTO reports (conversation_id, seq, reporter_id, sender_id, reason, reported_at)
    SELECT 'group-' || n, 1, user_id, other_id, 'spam', n FROM people
    """,
    "INSERT INTO former_members (user_id, conversation_id) SELECT other_id, 'group-' || n FROM people",
    "INSERT INTO erasures (user_id, requested_at) SELECT user_id, n FROM people WHERE n > 300",
    "INSERT INTO erasing (conversation_id, user_id) SELECT 'group-' || n, user_id FROM people WHERE n > 300",
    "INSERT INTO stale_rosters (conversation_id, version, since) SELECT 'direct-' || n, 1, n FROM people",
    "INSERT INTO exports (user_id, export_id, asked_at, done_at) SELECT user_id, 'export', 1, 2 FROM people",
    "ANALYZE",
)


def populate(database: Postgres) -> None:
    """Fill every table of a new, up-to-date database."""
    for statement in _ROWS:
        database.query(statement)
