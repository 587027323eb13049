"""Changes of conversations: how long what was decided waits to be told, what avatars and settings can be."""

from alembic import op

revision = "0002"
down_revision = "0001"

_SCHEMA = r"""
ALTER TABLE outbox ADD COLUMN created_at bigint NOT NULL
    DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
CREATE INDEX outbox_by_age ON outbox (created_at) WHERE appended_at IS NULL;

ALTER TABLE conversations
    ADD CHECK (avatar ~ '^https://'),
    ADD CHECK (kind = 'group' OR avatar IS NULL);

ALTER TABLE members ADD CHECK (muted_until BETWEEN 0 AND 9007199254740991);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
