"""
Users with their sessions and devices; conversations with their members and what of them is still to be told.

Times are milliseconds since the Unix epoch, as on the wire. Ids are text: some are made by clients.
"""

from alembic import op

revision = "0001"
down_revision = None

_SCHEMA = r"""
CREATE DOMAIN id AS text COLLATE "C" CHECK (VALUE ~ '^[A-Za-z0-9_-]{1,64}$');

CREATE TABLE users (
    user_id id PRIMARY KEY,
    username text COLLATE "C" NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9_.]{3,32}$'),
    display_name text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 64),
    avatar text CHECK (char_length(avatar) <= 500),
    created_at bigint NOT NULL
);

CREATE TABLE credentials (
    user_id id PRIMARY KEY REFERENCES users,
    password_hash text NOT NULL
);

CREATE TABLE devices (
    user_id id NOT NULL REFERENCES users,
    device_id id NOT NULL,
    name text CHECK (char_length(name) BETWEEN 1 AND 64),
    platform text NOT NULL CHECK (platform IN ('ios', 'android', 'web', 'desktop', 'other')),
    last_seen_at bigint NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

CREATE TABLE sessions (
    session_id id PRIMARY KEY,
    user_id id NOT NULL,
    device_id id NOT NULL,
    family_digest bytea NOT NULL CHECK (octet_length(family_digest) = 32),
    turn_digest bytea NOT NULL CHECK (octet_length(turn_digest) = 32),
    created_at bigint NOT NULL,
    refreshed_at bigint NOT NULL,
    ended_at bigint,
    FOREIGN KEY (user_id, device_id) REFERENCES devices
);
CREATE INDEX sessions_live_of_user ON sessions (user_id, device_id) WHERE ended_at IS NULL;

CREATE TABLE conversations (
    conversation_id id PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('direct', 'group')),
    direct_key text COLLATE "C" UNIQUE,
    title text CHECK (char_length(title) BETWEEN 1 AND 100),
    avatar text CHECK (char_length(avatar) <= 500),
    history text NOT NULL CHECK (history IN ('joined', 'all')),
    created_by id NOT NULL REFERENCES users,
    created_at bigint NOT NULL,
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    CHECK ((kind = 'direct') = (direct_key IS NOT NULL)),
    CHECK ((kind = 'group') = (title IS NOT NULL))
);

CREATE TABLE members (
    conversation_id id NOT NULL REFERENCES conversations,
    user_id id NOT NULL REFERENCES users,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at bigint NOT NULL,
    muted_until bigint,
    archived boolean NOT NULL DEFAULT false,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE outbox (
    conversation_id id NOT NULL REFERENCES conversations,
    version bigint NOT NULL CHECK (version >= 1),
    id uuid NOT NULL UNIQUE,
    payload jsonb NOT NULL,
    appended_at bigint,
    PRIMARY KEY (conversation_id, version)
);
CREATE INDEX outbox_to_append ON outbox (conversation_id, version) WHERE appended_at IS NULL;
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
