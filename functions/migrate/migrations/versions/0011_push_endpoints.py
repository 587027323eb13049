"""
What the platforms call the devices that are woken there, and which of these endpoints nobody needs any more.

However a registration goes, a trigger notes its endpoint: sessions that end, erasures and tokens that are taken away
delete rows in statements of their own, as do functions that know nothing of endpoints while a deployment is under way.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

_SCHEMA = r"""
ALTER TABLE push_registrations ADD COLUMN endpoint text COLLATE "C" CHECK (octet_length(endpoint) BETWEEN 1 AND 2048);

CREATE TABLE abandoned_endpoints (
    provider text NOT NULL,
    token text COLLATE "C" NOT NULL,
    endpoint text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (provider, token)
);
CREATE INDEX abandoned_endpoints_by_age ON abandoned_endpoints (since);

CREATE FUNCTION note_abandoned_endpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO abandoned_endpoints (provider, token, endpoint, since)
    VALUES (OLD.provider, OLD.token, OLD.endpoint, extract(epoch FROM clock_timestamp()) * 1000)
    ON CONFLICT (provider, token) DO UPDATE SET endpoint = excluded.endpoint, since = excluded.since;
    RETURN NULL;
END $$;
CREATE TRIGGER gone_registration AFTER DELETE ON push_registrations
    FOR EACH ROW WHEN (OLD.endpoint IS NOT NULL) EXECUTE FUNCTION note_abandoned_endpoint();
CREATE TRIGGER moved_registration AFTER UPDATE ON push_registrations
    FOR EACH ROW WHEN (OLD.endpoint IS NOT NULL AND (OLD.provider, OLD.token) <> (NEW.provider, NEW.token))
    EXECUTE FUNCTION note_abandoned_endpoint();
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
