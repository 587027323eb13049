"""
How somebody wants to be notified: of everything, and of each conversation. Without a row, or by functions that know
nothing of it, it is the default.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_SCHEMA = r"""
CREATE TABLE notifications (
    user_id id PRIMARY KEY REFERENCES users,
    previews boolean NOT NULL,
    mentions_pierce_mute boolean NOT NULL,
    quiet_begins time(0),
    quiet_ends time(0),
    quiet_time_zone text COLLATE "C" CHECK (octet_length(quiet_time_zone) BETWEEN 1 AND 64),
    CHECK (num_nulls(quiet_begins, quiet_ends, quiet_time_zone) IN (0, 3))
);

ALTER TABLE members ADD COLUMN notify text NOT NULL DEFAULT 'all' CHECK (notify IN ('all', 'mentions', 'none'));
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
