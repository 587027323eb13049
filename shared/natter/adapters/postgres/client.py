"""
PostgreSQL: one connection per execution environment.

A function environment handles one request at a time and is frozen in between, so a pool's worker threads would be
of no use and could wake up to dead sockets. A connection that died while frozen is noticed at the first statement,
made anew, and the transaction run again, once. One whose other side has vanished is noticed after `ANSWER_GRACE_S`
more than a statement may take: libpq would wait for ever, for what acknowledges packets is not what answers.

How long a statement may take is a default of the role, which `migrate` sets: RDS Proxy takes no options at the start of
a session, and one that sets its own keeps a connection of the database to itself (docs/decisions/0012).
"""

import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, Protocol, override

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from natter.domain.errors import Unavailable
from natter.settings import PostgresSettings

Cursor = psycopg.Cursor[DictRow]
Connection = psycopg.Connection[DictRow]
Arguments = Sequence[Any] | Mapping[str, Any]

ANSWER_GRACE_S = 1.0
"""How much longer an answer is waited for than the server may take until it gives up a statement, and says so."""

_POLL_S = 0.1
_ATTEMPTS = 4
_BACKOFF_S = 0.02
_PASSING = (
    "08",  # the connection
    "25006",  # read-only: after a failover this is not the writer any more
    "25P03",  # idle in a transaction, of an environment that was frozen
    "25P04",  # a transaction that took too long
    "28",  # a password that is rotated at this moment
    "3D000",  # a database, and
    "3F000",  # a schema that is not there: it is being restored, or about to be migrated
    "40",  # serialization failures, deadlocks
    "42501",  # a table whose grants,
    "42703",  # a column,
    "42P01",  # or a table that is not there for the same reason: statements are the code's, never somebody's words
    "53",  # too many connections, no memory, no disk
    "55006",  # in use
    "55P03",  # a lock that was not to be had in time
    "57",  # shutdowns, restarts, statements that took too long
    "58",  # what is around the server
    "72",  # a snapshot that is too old
    "XX",  # the server's own faults
)
"""SQLSTATEs, or their classes, of what may be otherwise in a while (PostgreSQL's manual, appendix A)."""
_REPEATABLE = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username})"


class SecretReader(Protocol):
    """The part of the Secrets Manager client that is used here."""

    def get_secret_value(self, *, SecretId: str) -> Any: ...  # noqa: N803 - AWS's spelling


def login_from_secret(secrets: SecretReader, arn: str) -> Login:
    """
    Read the login from a secret as RDS keeps it: JSON with `username` and `password`.

    Raises:
        Unavailable: Secrets Manager did not answer in time, or refused.
    """
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("secrets") from error
    return Login(secret["username"], secret["password"])


def login_made_at(secrets: SecretReader, arn: str) -> int:
    """
    When the password in a secret was made, milliseconds.

    Raises:
        Unavailable: Secrets Manager did not answer in time, or refused.
    """
    try:
        made: datetime = secrets.get_secret_value(SecretId=arn)["CreatedDate"]  # of this version
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("secrets") from error
    return int(made.timestamp() * 1000)


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Translate what an outage looks like. Errors that mean a mistake of ours (syntax, constraints) pass through."""
    try:
        yield
    except psycopg.Error as error:
        if not _may_pass(error):
            raise
        raise Unavailable("database") from error


def _may_pass(error: psycopg.Error) -> bool:
    """Without a SQLSTATE it is libpq that speaks: of the connection, unless it is about what it was given."""
    state = error.sqlstate or error.diag.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state.startswith(_PASSING)


class _Line(psycopg.Connection[DictRow]):
    """A connection that is closed if an answer does not come."""

    answer_timeout_s = 0.0

    @override
    def wait[Answer](self, gen: PQGen[Answer], interval: float = _POLL_S, timeout: float | None = None) -> Answer:
        try:
            return super().wait(gen, interval, self.answer_timeout_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # it is under way, for all that we know
                self.pgconn.finish()
            raise


def connect(settings: PostgresSettings, login: Login, *, statement_timeout_s: float | None = None) -> Connection:
    """Open a connection on which statements take no longer than `statement_timeout_s`, by default the role's."""
    host, _, port = settings.endpoint.rpartition(":")
    line = _Line.connect(
        host=host,
        port=int(port),
        dbname=settings.database,
        user=login.username,
        password=login.password,
        sslmode="disable" if settings.tls == "off" else settings.tls,
        sslrootcert=settings.ca_file or authorities(),
        connect_timeout=settings.connect_timeout_s,
        tcp_user_timeout=settings.connect_timeout_s * 1000,
        keepalives_idle=30,
        application_name="natter",
        row_factory=dict_row,
        autocommit=True,  # a lone statement is its own transaction, without the round trips of BEGIN and COMMIT
        prepare_threshold=None,  # a statement prepared on one backend is unknown behind a proxy
    )
    line.answer_timeout_s = (statement_timeout_s or settings.statement_timeout_s) + ANSWER_GRACE_S
    if statement_timeout_s is not None:
        for name, value in limits(statement_timeout_s).items():
            line.execute("SELECT set_config(%s, %s, false)", (name, value))
    return line


def authorities() -> str:
    """
    The PEM file of the authorities that this Python trusts, and among them Amazon's, who vouch for RDS Proxy. libpq
    comes with a TLS of its own, which knows none.
    """
    places = ssl.get_default_verify_paths()
    return places.cafile or places.openssl_cafile


def limits(statement_timeout_s: float) -> dict[str, str]:
    """What the server's configuration has to say so that nothing holds a connection, or a lock, for ever."""
    timeout_ms = str(round(statement_timeout_s * 1000))
    return dict.fromkeys(("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"), timeout_ms)


class Postgres:
    """
    Runs transactions on the environment's one connection, which is made when first needed.

    Sharing: safe across threads; transactions wait for each other.
    """

    def __init__(self, settings: PostgresSettings, read_login: Callable[[], Login]) -> None:
        self._settings = settings
        self._read_login = read_login
        self._login: Login | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def query(self, statement: LiteralString, arguments: Arguments = ()) -> list[DictRow]:
        """
        Run one statement, in one round trip, and return its rows. It must be safe to repeat, as in `run`.

        Raises:
            Unavailable: no connection, or no answer in time. It may have been done all the same.
        """

        def work(connection: Connection) -> list[DictRow]:
            cursor = connection.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

        return self._repeated(work)

    def run[T](self, work: Callable[[Cursor], T]) -> T:
        """
        Run `work` in a transaction and return what it returned, committed.

        `work` may be run more than once, after a lost connection even if it was committed: it must be safe to
        repeat.

        Raises:
            Unavailable: no connection, or no answer in time. It may have been committed all the same.
        """

        def transaction(connection: Connection) -> T:
            with connection.transaction(), connection.cursor() as cursor:
                return work(cursor)

        return self._repeated(transaction)

    def _repeated[T](self, work: Callable[[Connection], T]) -> T:
        with self._lock, postgres_errors():
            for attempt in range(1, _ATTEMPTS + 1):
                fresh = self._connection is None
                connection = self._connection = self._connection or self._connect()
                try:
                    return work(connection)
                except _REPEATABLE:
                    if attempt == _ATTEMPTS:
                        raise
                    time.sleep(random.uniform(0, _BACKOFF_S * 2**attempt))  # noqa: S311 - jitter
                except psycopg.Error as error:
                    if not _is_lost(connection, error):
                        raise  # the server answered: what took too long, or was a mistake, is no reason to ask again
                    self._drop()
                    if fresh:
                        raise
            raise psycopg.OperationalError("the connection was lost again and again")

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _connect(self) -> Connection:
        cached, self._login = self._login, self._login or self._read_login()
        try:
            return connect(self._settings, self._login)
        except psycopg.OperationalError:
            if cached is None:
                raise
            self._login = self._read_login()  # it may have been rotated since
            if self._login == cached:
                raise
            return connect(self._settings, self._login)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_lost(connection: Connection, error: psycopg.Error) -> bool:
    """Whether `connection` is of no more use. A server that hangs up says so (FATAL) before it does."""
    return (
        connection.closed
        or error.diag.severity_nonlocalized == "FATAL"
        or isinstance(error, psycopg.errors.ReadOnlySqlTransaction)
    )
