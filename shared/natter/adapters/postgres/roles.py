"""
The role that functions sign in as: it reads and writes rows, and changes neither tables nor other roles.

What is done here is done by the owner of the schema, and each time anew: it may be repeated.
"""

from typing import LiteralString

from psycopg import Connection, sql

from natter.adapters.postgres.client import Login, limits
from natter.settings import PostgresSettings

_MAY: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "REVOKE ALL ON alembic_version FROM {role}",
)


def keep_role[Row](connection: Connection[Row], role: Login, settings: PostgresSettings) -> None:
    """
    Make the role if it is not there; give it the password, what it may do with the tables that there are now, and how
    long its statements may take (docs/decisions/0012).
    """
    set_password(connection, role)
    name = sql.Identifier(role.username)
    for statement in _MAY:
        connection.execute(sql.SQL(statement).format(role=name))
    for limit, value in limits(settings.statement_timeout_s).items():
        change = sql.SQL("ALTER ROLE {} SET {} = {}")
        connection.execute(change.format(name, sql.Identifier(limit), sql.Literal(value)))


def set_password[Row](connection: Connection[Row], role: Login) -> None:
    """The server is told what the password is checked with, so that it stands in no log."""
    there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role.username,)).rowcount
    verb = sql.SQL("ALTER" if there else "CREATE")
    checked_with = connection.pgconn.encrypt_password(role.password.encode(), role.username.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
            verb, sql.Identifier(role.username), sql.Literal(checked_with.decode())
        )
    )
