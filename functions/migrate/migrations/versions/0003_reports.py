"""What members report to the operators. Who said it is noted; what was said stands in the conversation alone."""

from alembic import op

revision = "0003"
down_revision = "0002"

_SCHEMA = r"""
CREATE TABLE reports (
    conversation_id id NOT NULL REFERENCES conversations,
    seq bigint NOT NULL CHECK (seq >= 1),
    reporter_id id NOT NULL REFERENCES users,
    sender_id id NOT NULL,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    reported_at bigint NOT NULL,
    PRIMARY KEY (conversation_id, seq, reporter_id)
);
CREATE INDEX reports_by_time ON reports (reported_at);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
