"""
What keeps one user's conversations bounded: how many members a conversation has and how many conversations a user is
in, counted as they change; who may be added by whom.

Both are counted by triggers, not by who changes members: while a deployment is under way, functions that know nothing
of it do. A user's row is locked until the transaction ends, so of two who add somebody to their last one, the second
sees the first.

`members.version` is the version of the conversation that gave the member their role: as long as its row in the outbox
waits, the log may not know of it. `stale_rosters` says of which direct conversations a change of blocks has left the
snapshot to be replaced.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_SCHEMA = r"""
ALTER TABLE users ADD COLUMN contactable text NOT NULL DEFAULT 'everybody'
    CHECK (contactable IN ('everybody', 'contacts'));

ALTER TABLE conversations ADD COLUMN member_count integer NOT NULL DEFAULT 0 CHECK (member_count >= 0);
ALTER TABLE members ADD COLUMN version bigint NOT NULL DEFAULT 0 CHECK (version >= 0);

CREATE TABLE membership_counts (
    user_id id PRIMARY KEY REFERENCES users,
    conversations integer NOT NULL CHECK (conversations >= 0)
);

CREATE FUNCTION count_new_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations c SET member_count = c.member_count + a.people
    FROM (SELECT conversation_id, count(*) AS people FROM added GROUP BY conversation_id) a
    WHERE c.conversation_id = a.conversation_id;
    INSERT INTO membership_counts AS known (user_id, conversations)
    SELECT user_id, count(*) FROM added GROUP BY user_id ORDER BY user_id -- in one order, or two lock each other out
    ON CONFLICT (user_id) DO UPDATE SET conversations = known.conversations + excluded.conversations;
    RETURN NULL;
END $$;
CREATE FUNCTION count_removed_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations c SET member_count = c.member_count - r.people
    FROM (SELECT conversation_id, count(*) AS people FROM removed GROUP BY conversation_id) r
    WHERE c.conversation_id = r.conversation_id;
    UPDATE membership_counts known SET conversations = known.conversations - r.times
    FROM (SELECT user_id, count(*) AS times FROM removed GROUP BY user_id) r WHERE known.user_id = r.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER new_members AFTER INSERT ON members REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_members();
CREATE TRIGGER removed_members AFTER DELETE ON members REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_members();

-- Nobody changes members meanwhile: creating a trigger holds the table until the end.
UPDATE conversations c SET member_count = m.people
    FROM (SELECT conversation_id, count(*) AS people FROM members GROUP BY conversation_id) m
    WHERE c.conversation_id = m.conversation_id;
INSERT INTO membership_counts (user_id, conversations) SELECT user_id, count(*) FROM members GROUP BY user_id;

CREATE INDEX members_by_user ON members (user_id, conversation_id);
DROP INDEX members_of_user;

CREATE TABLE stale_rosters (
    conversation_id id PRIMARY KEY REFERENCES conversations,
    version bigint NOT NULL,
    since bigint NOT NULL
);
CREATE INDEX stale_rosters_by_age ON stale_rosters (since);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
