"""Alembic runs this for every command: one transaction, alone."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=False)
with context.begin_transaction():
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": context.config.attributes["lock"]})
    context.run_migrations()
    context.config.attributes["finish"]()
