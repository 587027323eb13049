"""
`Identities` on PostgreSQL: the identity's row is inserted before its user's.

Of several who do so at once, the others wait for the first; when it commits, they find its row in their way and have
added nothing yet.
"""

from natter.adapters.postgres.client import Cursor, Postgres
from natter.adapters.postgres.users import add_user
from natter.domain.accounts.identities import Identity
from natter.domain.accounts.users import User
from natter.domain.ids import UserId
from natter.ports.accounts import Identities

_FIND = "SELECT user_id FROM identities WHERE issuer = %(issuer)s AND subject = %(subject)s"
_ADD = """
    INSERT INTO identities (issuer, subject, user_id) VALUES (%(issuer)s, %(subject)s, %(user_id)s)
    ON CONFLICT (issuer, subject) DO NOTHING
"""


class PostgresIdentities:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def find(self, identity: Identity) -> UserId | None:
        rows = self._postgres.query(_FIND, {"issuer": identity.issuer, "subject": identity.subject})
        return rows[0]["user_id"] if rows else None

    def add(self, identity: Identity, user: User) -> UserId:
        row = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user.user_id}

        def work(cursor: Cursor) -> UserId:
            cursor.execute(_ADD, row)
            if cursor.rowcount == 1:
                add_user(cursor, user)
                return user.user_id
            (known,) = cursor.execute(_FIND, row).fetchall()
            return UserId(known["user_id"])

        return self._postgres.run(work)


_: type[Identities] = PostgresIdentities
