"""
Who somebody is to an identity provider. A user may have several, when a company moves from one provider to another.

The reference is checked at the end of a transaction: the identity comes before its user, and is what two compete for.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_SCHEMA = r"""
CREATE TABLE identities (
    issuer text COLLATE "C" NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 500),
    subject text COLLATE "C" NOT NULL CHECK (subject ~ '^[ -~]{1,255}$'),
    user_id id NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_user ON identities (user_id);
"""


def upgrade() -> None:
    op.execute(_SCHEMA)
