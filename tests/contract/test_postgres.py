"""The connection to PostgreSQL: what it survives, and what it says when it does not."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from natter.adapters.postgres.client import Cursor, Login, Postgres, connect, limits, postgres_errors
from natter.domain.errors import Unavailable
from natter.names import DATABASE_ROLE
from natter.settings import PostgresSettings
from tests.contract.conftest import LOGIN, ROLE

pytestmark = pytest.mark.engines

_UNTIL_GONE = """
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid}) LOOP
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
END $$
"""


@pytest.fixture
def owner(postgres_settings: PostgresSettings) -> Iterator[Postgres]:
    """Who may make tables."""
    database = Postgres(postgres_settings, lambda: LOGIN)
    yield database
    database.close()


def backend(postgres: Postgres) -> int:
    """Which of the server's processes serves the connection."""
    return int(postgres.query("SELECT pg_backend_pid() AS pid")[0]["pid"])


class TestPostgres:
    def test_one_connection_serves_all(self, postgres: Postgres) -> None:
        assert backend(postgres) == backend(postgres)

    def test_a_dead_connection_is_made_anew(self, postgres: Postgres, other_postgres: Postgres) -> None:
        """As after a freeze: the server hung up meanwhile, and nobody notices but the log of the server."""
        before = backend(postgres)
        other_postgres.query("SELECT pg_terminate_backend(%s, 5000)", (before,))
        assert backend(postgres) != before

    def test_a_transaction_on_a_dead_connection_is_run_again(
        self, postgres: Postgres, other_postgres: Postgres
    ) -> None:
        other_postgres.query("SELECT pg_terminate_backend(%s, 5000)", (backend(postgres),))
        assert postgres.run(lambda cursor: cursor.execute("SELECT 1 AS one").fetchone()) == {"one": 1}

    def test_a_connection_that_dies_in_a_transaction(self, postgres: Postgres, other_postgres: Postgres) -> None:
        """All of the transaction is run again, on a new connection."""
        backend(postgres)
        pids: list[int] = []

        def work(cursor: Cursor) -> str:
            row = cursor.execute("SELECT pg_backend_pid() AS pid").fetchone()
            assert row is not None
            pids.append(row["pid"])
            if len(pids) == 1:
                other_postgres.query("SELECT pg_terminate_backend(%s, 5000)", (pids[0],))
            cursor.execute("SELECT 1")
            return "done"

        assert postgres.run(work) == "done"
        assert len(set(pids)) == 2

    def test_a_transaction_that_the_server_gave_up_is_run_again(
        self, postgres: Postgres, other_postgres: Postgres
    ) -> None:
        """As of an environment that was frozen in the middle of it."""
        backend(postgres)
        tries: list[int] = []

        def work(cursor: Cursor) -> str:
            row = cursor.execute("SELECT pg_backend_pid() AS pid").fetchone()
            assert row is not None
            tries.append(row["pid"])
            if len(tries) == 1:
                cursor.execute("SET idle_in_transaction_session_timeout = 1")
                other_postgres.query(_UNTIL_GONE.format(pid=row["pid"]))
            cursor.execute("SELECT 1")
            return "done"

        assert postgres.run(work) == "done"
        assert len(set(tries)) == 2

    def test_a_server_that_became_a_replica_is_left(self, postgres: Postgres) -> None:
        """As after a failover, when the old writer is up again and only reads."""
        before = backend(postgres)
        postgres.query("SET default_transaction_read_only = on")
        postgres.query("UPDATE users SET avatar = NULL WHERE user_id = 'nobody'")
        assert backend(postgres) != before

    def test_a_slow_statement_is_cancelled_and_not_repeated(self, postgres: Postgres) -> None:
        before = backend(postgres)
        postgres.query("SET statement_timeout = '200ms'")
        began = time.monotonic()
        with pytest.raises(Unavailable, match="database did not answer in time"):
            postgres.query("SELECT pg_sleep(5)")
        assert time.monotonic() - began < 2
        assert backend(postgres) == before

    def test_an_error_rolls_back(self, owner: Postgres) -> None:
        def work(cursor: Cursor) -> None:
            cursor.execute("CREATE TABLE half_done ()")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            owner.run(work)
        assert owner.query("SELECT to_regclass('half_done') AS made") == [{"made": None}]

    def test_a_serialization_failure_is_repeated(
        self, owner: Postgres, postgres: Postgres, other_postgres: Postgres
    ) -> None:
        """Two read and then write the same row; the one that loses reads again, and no increment is lost."""
        owner.query("CREATE TABLE IF NOT EXISTS counters (n integer)")
        owner.query("TRUNCATE counters")
        owner.query(f"GRANT SELECT, INSERT, UPDATE ON counters TO {DATABASE_ROLE}")
        postgres.query("INSERT INTO counters VALUES (0)")
        both_have_read = threading.Barrier(2, timeout=10)

        def increment(database: Postgres) -> None:
            tries: list[int] = []

            def work(cursor: Cursor) -> None:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                row = cursor.execute("SELECT n FROM counters").fetchone()
                assert row is not None
                if not tries:
                    both_have_read.wait()
                tries.append(row["n"])
                cursor.execute("UPDATE counters SET n = %s", (row["n"] + 1,))

            database.run(work)

        threads = [threading.Thread(target=increment, args=(each,)) for each in (postgres, other_postgres)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert postgres.query("SELECT n FROM counters") == [{"n": 2}]
        owner.query("DROP TABLE counters")

    @pytest.mark.parametrize("failure", [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected])
    def test_what_fails_again_and_again_is_unavailable(self, postgres: Postgres, failure: type[psycopg.Error]) -> None:
        tries: list[Cursor] = []

        def work(cursor: Cursor) -> None:
            tries.append(cursor)
            raise failure

        with pytest.raises(Unavailable):
            postgres.run(work)
        assert len(tries) == 4

    def test_nothing_holds_a_connection_for_ever(self, other_postgres: Postgres) -> None:
        """Neither a statement, nor the wait for a lock, nor a transaction that was left open."""
        limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        found = [other_postgres.query("SELECT current_setting(%s) AS set", (name,))[0]["set"] for name in limits]
        assert found == ["3s"] * 3

    def test_it_is_the_role_that_says_so(self, postgres_settings: PostgresSettings) -> None:
        """RDS Proxy refuses who sends options at the start of a session."""
        connection = connect(postgres_settings, ROLE)
        assert connection.info.options == ""
        source = "SELECT DISTINCT source FROM pg_settings WHERE name = ANY(%s)"
        names = list(limits(postgres_settings.statement_timeout_s))
        assert connection.execute(source, (names,)).fetchall() == [{"source": "user"}]
        connection.close()

    def test_a_mistake_of_ours_is_not_an_outage(self, postgres: Postgres) -> None:
        with pytest.raises(psycopg.errors.SyntaxError):
            postgres.query("SELECT FROM WHERE")
        assert postgres.query("SELECT 1 AS one") == [{"one": 1}]

    @pytest.mark.parametrize("statement", ["SELECT 1 FROM no_such_table", "SELECT no_such_column FROM users"])
    def test_what_is_not_there_is_one(self, postgres: Postgres, statement: Any) -> None:
        """It is being restored, or about to be migrated: taken for a mistake, what was said meanwhile is set aside."""
        with pytest.raises(Unavailable):
            postgres.query(statement)

    def test_nobody_there_is_unavailable(self, postgres_settings: PostgresSettings) -> None:
        nowhere = Postgres(postgres_settings.model_copy(update={"endpoint": "127.0.0.1:1"}), lambda: ROLE)
        with pytest.raises(Unavailable):
            nowhere.query("SELECT 1")

    def test_a_rotated_password_is_read_again(self, postgres_settings: PostgresSettings) -> None:
        """The one that is remembered does not work any more: ask for the current one, once."""
        logins = [ROLE, Login("natter", "rotated-away")]
        database = Postgres(postgres_settings, logins.pop)
        with pytest.raises(Unavailable):
            database.query("SELECT 1")
        assert backend(database) > 0
        assert logins == []
        database.close()

    def test_a_wrong_password_is_not_tried_for_ever(self, postgres_settings: PostgresSettings) -> None:
        database = Postgres(postgres_settings, lambda: Login("natter", "wrong"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                database.query("SELECT 1")


@pytest.mark.parametrize("error", [psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.QueryCanceled])
def test_outages_are_unavailable(error: type[Exception]) -> None:
    with pytest.raises(Unavailable), postgres_errors():
        raise error
