"""Archives of what is known of somebody, for themselves: one for each user at a time."""

from alembic import op

revision = "0007"
down_revision = "0006"

_SCHEMA = r"""
CREATE TABLE exports (
    user_id id PRIMARY KEY REFERENCES users,
    export_id id NOT NULL,
    asked_at bigint NOT NULL,
    begun boolean NOT NULL DEFAULT false,
    done_at bigint
);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
