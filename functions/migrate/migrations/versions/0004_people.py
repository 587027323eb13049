"""
How people stand to each other, and where their devices are woken.

A block makes its two unknown to each other. `conversations.block_changes` grows with every change of the blocks between
the two of a direct conversation, so that what was read of it before is known to be older.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_SCHEMA = r"""
ALTER TABLE users ADD CHECK (avatar ~ '^https://');

CREATE TABLE contacts (
    user_id id NOT NULL REFERENCES users,
    contact_id id NOT NULL REFERENCES users,
    added_at bigint NOT NULL,
    PRIMARY KEY (user_id, contact_id),
    CHECK (user_id <> contact_id)
);

CREATE TABLE blocks (
    user_id id NOT NULL REFERENCES users,
    blocked_id id NOT NULL REFERENCES users,
    blocked_at bigint NOT NULL,
    PRIMARY KEY (user_id, blocked_id),
    CHECK (user_id <> blocked_id)
);

ALTER TABLE conversations
    ADD COLUMN block_changes bigint NOT NULL DEFAULT 0 CHECK (block_changes >= 0),
    ADD CHECK (kind = 'direct' OR block_changes = 0);

CREATE TABLE push_registrations (
    user_id id NOT NULL,
    device_id id NOT NULL,
    provider text NOT NULL CHECK (provider IN ('fcm', 'apns', 'apns_sandbox', 'webpush')),
    token text COLLATE "C" NOT NULL CHECK (octet_length(token) BETWEEN 1 AND 2048),
    registered_at bigint NOT NULL,
    PRIMARY KEY (user_id, device_id),
    FOREIGN KEY (user_id, device_id) REFERENCES devices,
    UNIQUE (provider, token)
);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
