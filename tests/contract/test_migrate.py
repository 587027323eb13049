"""Migrations on a real database."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from functions.migrate.handler import LOCK, build, opener
from natter.adapters.postgres.client import Cursor, Postgres
from natter.domain.ids import new_id
from natter.settings import PostgresSettings
from tests.contract.conftest import LOGIN, ROLE

pytestmark = pytest.mark.engines

VERSIONS = Path(__file__).parents[2] / "functions/migrate/migrations/versions"
LATEST = max(path.name for path in VERSIONS.glob("*.py")).partition("_")[0]


@pytest.fixture
def empty(postgres_settings: PostgresSettings) -> PostgresSettings:
    """A database in which nothing was ever done."""
    name = f"empty_{new_id().replace('-', '')}"
    owner = Postgres(postgres_settings, lambda: LOGIN)
    owner.query(f"CREATE DATABASE {name}")
    owner.close()
    return postgres_settings.model_copy(update={"database": name})


class TestMigrate:
    def test_says_which_revision_was_reached(self, empty: PostgresSettings) -> None:
        migrate = build(opener(empty, lambda: LOGIN), lambda: ROLE, empty)
        assert migrate({}, None) == migrate({}, None) == {"revision": LATEST}
        database = Postgres(empty, lambda: LOGIN)
        tables = database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        database.close()
        assert [row["tablename"] for row in tables] == [
            "abandoned_endpoints",
            "alembic_version",
            "blocks",
            "contacts",
            "conversations",
            "credentials",
            "devices",
            "erasing",
            "erasures",
            "exports",
            "former_members",
            "identities",
            "members",
            "membership_counts",
            "notifications",
            "outbox",
            "push_registrations",
            "reports",
            "sessions",
            "stale_rosters",
            "users",
        ]

    def test_two_deploys_at_once_wait_for_each_other(self, empty: PostgresSettings) -> None:
        """Nothing is done before the other one is done, and nothing then that it did."""
        other = Postgres(empty, lambda: LOGIN)
        watcher = Postgres(empty, lambda: LOGIN)

        def hold_the_lock(cursor: Cursor) -> Future[dict[str, str]]:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            migrating = thread.submit(build(opener(empty, lambda: LOGIN), lambda: ROLE, empty), {}, None)
            deadline = time.monotonic() + 20
            while not watcher.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                assert time.monotonic() < deadline
            assert watcher.query("SELECT to_regclass('users') AS users") == [{"users": None}]
            return migrating

        with ThreadPoolExecutor(1) as thread:
            assert other.run(hold_the_lock).result(timeout=20) == {"revision": LATEST}
        other.close()
        watcher.close()

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO users VALUES ('u/1', 'ann', 'Ann', NULL, 1)",
            "INSERT INTO users VALUES ('u1', 'Ann!', 'Ann', NULL, 1)",
            "INSERT INTO users VALUES ('u1', 'ann', '', NULL, 1)",
            "INSERT INTO conversations VALUES ('c1', 'direct', NULL, NULL, NULL, 'all', 'u0', 1)",
            "INSERT INTO conversations VALUES ('c1', 'group', NULL, NULL, NULL, 'all', 'u0', 1)",
            "INSERT INTO conversations VALUES ('c1', 'crowd', NULL, 'Title', NULL, 'all', 'u0', 1)",
            "INSERT INTO conversations VALUES ('c1', 'group', NULL, 'Title', 'ftp://a.example/1', 'all', 'u0', 1)",
            "INSERT INTO conversations VALUES ('c1', 'direct', 'a:b', NULL, 'https://a.example/1', 'all', 'u0', 1)",
            "INSERT INTO members VALUES ('c1', 'u1', 'owner', 1, -1)",
            "INSERT INTO users VALUES ('u1', 'ann', 'Ann', 'http://a.example/1', 1)",
            "INSERT INTO contacts VALUES ('u1', 'u1', 1)",
            "INSERT INTO blocks VALUES ('u1', 'u1', 1)",
            "INSERT INTO conversations VALUES ('c1', 'group', NULL, 'Title', NULL, 'all', 'u0', 1, 1, 1)",
            "INSERT INTO push_registrations VALUES ('u1', 'd1', 'pigeon', 'token', 1)",
            "INSERT INTO push_registrations VALUES ('u1', 'd1', 'fcm', '', 1)",
        ],
    )
    def test_the_schema_refuses_what_cannot_be(self, postgres: Postgres, statement: str) -> None:
        with pytest.raises(psycopg.errors.CheckViolation):
            postgres.query(statement)
