"""
Brings the database's schema up to date, at every deploy. Forward only.

All pending migrations are one transaction under an advisory lock: two deploys at once do it once, and one that fails
changes nothing. They run as the owner of the schema. With them goes the role that all functions sign in as: it reads
and writes rows, and changes no table; how long its statements may take are its defaults.
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.rows import tuple_row
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from natter.adapters.postgres.client import Login, connect, postgres_errors
from natter.adapters.postgres.roles import keep_role
from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import MigrateSettings, PostgresSettings

_MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6E617474
"""Advisory lock of migrations: any number that nothing else locks."""

_STATEMENT_TIMEOUT_S = 240.0
"""A migration may rewrite a table; the function's own timeout has to be longer."""


def upgrade(open_connection: Callable[[], object], role: Login, settings: PostgresSettings) -> str:
    """
    Run what is pending on the connection that `open_connection` makes, and return the revision reached. Then `role` is
    one that functions can sign in as.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine("postgresql+psycopg://", creator=open_connection, poolclass=NullPool)
    with postgres_errors(), engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        config.attributes |= {
            "connection": connection,
            "lock": LOCK,
            "finish": lambda: keep_role(driver, role, settings),
        }
        command.upgrade(config, "head")
    return ScriptDirectory.from_config(config).get_current_head() or "base"


def build(
    open_connection: Callable[[], object], read_role: Callable[[], Login], settings: PostgresSettings
) -> Callable[[object, object], dict[str, str]]:
    def handle(_event: object, _context: object) -> dict[str, str]:
        return {"revision": upgrade(open_connection, read_role(), settings)}

    return handle


def opener(settings: PostgresSettings, read_login: Callable[[], Login]) -> Callable[[], object]:
    """What opens the connection that migrations run on."""

    def open_connection() -> object:
        connection = connect(settings, read_login(), statement_timeout_s=_STATEMENT_TIMEOUT_S)
        connection.row_factory = tuple_row  # type: ignore[assignment]  # what SQLAlchemy expects
        connection.autocommit = False
        return connection

    return open_connection


def _made() -> LambdaHandler:
    engines = Engines(MigrateSettings())
    settings = engines.of(PostgresSettings)
    return build(opener(settings, engines.owner_login), engines.postgres_login, settings)


lambda_handler = lazily(_made)
