"""
Accounts that are gone, and what is still to be done of it.

`former_members` is kept by a trigger, not by who removes members: while a deployment is under way, functions that know
nothing of it do. What they had removed before stands in the outbox.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_SCHEMA = r"""
ALTER TABLE users ADD COLUMN erased_at bigint;

CREATE TABLE former_members (
    user_id id NOT NULL REFERENCES users,
    conversation_id id NOT NULL REFERENCES conversations,
    PRIMARY KEY (user_id, conversation_id)
);
CREATE FUNCTION note_former_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_members (user_id, conversation_id) VALUES (old.user_id, old.conversation_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER former_members AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION note_former_member();
INSERT INTO former_members (user_id, conversation_id)
    SELECT DISTINCT item ->> 'user_id', conversation_id
    FROM outbox, jsonb_array_elements(payload -> 'items') item WHERE item ->> 'type' = 'member_removed';

CREATE TABLE erasures (
    user_id id PRIMARY KEY REFERENCES users,
    requested_at bigint NOT NULL,
    done_at bigint
);
CREATE INDEX erasures_unfinished ON erasures (requested_at) WHERE done_at IS NULL;

CREATE TABLE erasing (
    conversation_id id NOT NULL REFERENCES conversations,
    user_id id NOT NULL REFERENCES erasures,
    told boolean NOT NULL DEFAULT false,
    emptied_to bigint NOT NULL DEFAULT 0,
    emptied boolean NOT NULL DEFAULT false,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX erasing_of_user ON erasing (user_id);

CREATE INDEX contacts_of_others ON contacts (contact_id);
CREATE INDEX blocks_of_others ON blocks (blocked_id);
CREATE INDEX reports_of_reporter ON reports (reporter_id);
CREATE INDEX sessions_of_user ON sessions (user_id);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
