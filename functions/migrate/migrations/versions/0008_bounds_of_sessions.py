"""
Sessions end by themselves when they are not used, and are forgotten; a refresh token that has just died is known.

A user's live sessions are looked up in the order in which they were used; whether anything is left of a device by an
index of all of them.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_SCHEMA = r"""
ALTER TABLE sessions
    ADD COLUMN other_digest bytea CHECK (octet_length(other_digest) = 32),
    ADD COLUMN spent_digest bytea CHECK (octet_length(spent_digest) = 32),
    ADD COLUMN spent_at bigint NOT NULL DEFAULT 0;
CREATE INDEX sessions_of_device ON sessions (user_id, device_id);
DROP INDEX sessions_of_user;
DROP INDEX sessions_live_of_user;
CREATE INDEX sessions_live_of_user ON sessions (user_id, refreshed_at, session_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_use ON sessions (refreshed_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
