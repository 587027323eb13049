"""
A Cassandra (Amazon Keyspaces) session that survives a frozen execution environment.

After a freeze the driver may find its only connection dead; everything that Natter runs is idempotent (writes
state their timestamps), so the session is made anew and the statements are run once more. Where the connection is dead
and does not say so, the driver itself finds out a minute later, by its heartbeats: here, what has not answered for
`QUIET_S` and does not answer now is taken for dead. One that answered a moment ago is slow; a new one would not help.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from cassandra import (
    ConfigurationException,
    ConsistencyLevel,
    DriverException,
    InvalidRequest,
    OperationTimedOut,
    UnsupportedOperation,
)
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, ResultSet, Session
from cassandra.concurrent import execute_concurrent
from cassandra.connection import ConnectionException
from cassandra.policies import RoundRobinPolicy
from cassandra.protocol import ErrorMessage, SyntaxException
from cassandra.query import BatchStatement, BatchType, PreparedStatement, dict_factory

from natter.domain.errors import Unavailable
from natter.settings import KeyspacesSettings

QUIET_S = 10.0
"""By the clock on the wall: who knows which others a freeze stops."""

CONCURRENCY = 128
"""Statements under way at once on one connection: Keyspaces serves 3,000 requests/s on each."""

BATCH_COMMANDS = 30
"""Commands in one unlogged batch (quotas of Keyspaces)."""
BATCH_BYTES = 40_000
"""Of values as they are sent: Cassandra refuses batches of 50 KiB, and each statement takes something besides them."""
SCALAR_BYTES = 8
"""Of a value that is not text."""

Statement = tuple[str, tuple[Any, ...]]
"""CQL and its values."""

REFUSALS = (InvalidRequest, UnsupportedOperation, ConfigurationException, SyntaxException)
"""What will never be done, however often it is asked: they pass through, as do values that cannot be bound."""
_ABSENT = re.compile(r"unconfigured (table|keyspace)|(table|keyspace) \S+ does not exist", re.IGNORECASE)
"""
How `InvalidRequest` says that a table is not there: it is being restored, and will be. The first is Keyspaces'
(its guide, "Troubleshooting data definition language errors"), the second Cassandra's.
"""
_BROKEN = (NoHostAvailable, ConnectionException, OSError)
"""The connection, after which another one is made."""
_OUTAGES = (*_BROKEN, DriverException, OperationTimedOut, ErrorMessage)
"""What may pass, if it is no refusal."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate what an outage looks like. A refusal passes through: nobody may take it for something that passes."""
    try:
        yield
    except REFUSALS as error:
        if _ABSENT.search(str(error)):
            raise Unavailable("the message store") from error
        raise
    except _OUTAGES as error:
        raise Unavailable("the message store") from error


class CassandraSession:
    """
    Runs statements concurrently, each prepared once and at LOCAL_QUORUM: the driver's default may read stale.

    Raises `Unavailable` when the store does not answer in time. Safe across threads.
    """

    def __init__(self, settings: KeyspacesSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._answered_at = 0.0
        self._lock = Lock()
        self._session: Session | None = None
        self._prepared: dict[str, PreparedStatement] = {}

    def warm(self, statements: Sequence[str]) -> None:
        """Connect and prepare, so that the first request does not have to."""
        try:
            with store_errors():
                session = self._connected()
                for cql in statements:
                    self._statement(session, cql)
        except Unavailable:
            self._disconnect()
            raise

    def run(self, statements: Sequence[Statement]) -> list[ResultSet]:
        """Run all, concurrently; their results in the order given. Statements must be idempotent."""
        return self._twice(lambda: self._run(statements)) if statements else []

    def write(self, statements: Sequence[Statement]) -> None:
        """
        Run all of these writes, in as few requests as may be: each costs more than what it writes.

        They are not atomic together, and must be idempotent.
        """
        if statements:
            self._twice(lambda: self._write(statements))

    def close(self) -> None:
        self._disconnect()

    def _twice[Result](self, work: Callable[[], Result]) -> Result:
        """Once more on a new connection, if the one that there was turns out to be dead."""
        was_quiet = self._session is not None and self._clock() - self._answered_at > QUIET_S
        try:
            return self._answered(work)
        except Unavailable as error:
            dead = (*_BROKEN, OperationTimedOut) if was_quiet else _BROKEN
            if not isinstance(error.__cause__, dead):
                raise
            self._disconnect()
        try:
            return self._answered(work)
        except Unavailable:
            self._disconnect()
            raise

    def _answered[Result](self, work: Callable[[], Result]) -> Result:
        with store_errors():
            result = work()
        self._answered_at = self._clock()
        return result

    def _write(self, statements: Sequence[Statement]) -> None:
        if len(statements) == 1:
            self._run(statements)
            return
        session = self._connected()
        under_way = []
        for part in _batches(statements):
            if len(part) == 1:  # which may be larger than what the store takes of a batch
                ((cql, values),) = part
                under_way.append(session.execute_async(self._statement(session, cql), values))
                continue
            batch = BatchStatement(BatchType.UNLOGGED, consistency_level=ConsistencyLevel.LOCAL_QUORUM)
            batch.is_idempotent = True
            for cql, values in part:
                batch.add(self._statement(session, cql), values)
            under_way.append(session.execute_async(batch))
        for future in under_way:
            future.result()

    def _run(self, statements: Sequence[Statement]) -> list[ResultSet]:
        session = self._connected()
        bound = [(self._statement(session, cql), values) for cql, values in statements]
        if len(bound) > CONCURRENCY:
            results = execute_concurrent(session, bound, concurrency=CONCURRENCY, raise_on_first_error=True)
            return [result.result_or_exc for result in results]
        under_way = [session.execute_async(statement, values) for statement, values in bound]
        return [future.result() for future in under_way]

    def _statement(self, session: Session, cql: str) -> PreparedStatement:
        prepared = self._prepared.get(cql)
        if prepared is None:
            prepared = session.prepare(cql)
            prepared.consistency_level = ConsistencyLevel.LOCAL_QUORUM
            prepared.is_idempotent = True
            self._prepared[cql] = prepared
        return prepared

    def _connected(self) -> Session:
        with self._lock:
            if self._session is None:
                self._session = connect(self._settings)
            return self._session

    def _disconnect(self) -> None:
        with self._lock:
            session, self._session = self._session, None
            self._prepared = {}
        if session is not None:
            session.cluster.shutdown()


def _batches(statements: Sequence[Statement]) -> Iterator[Sequence[Statement]]:
    """Cut into batches that the store takes."""
    batch: list[Statement] = []
    size = 0
    for statement in statements:
        length = sum(len(value.encode()) if isinstance(value, str) else SCALAR_BYTES for value in statement[1])
        if batch and (len(batch) == BATCH_COMMANDS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(statement)
        size += length
    yield batch


def connect(settings: KeyspacesSettings) -> Session:
    """A session on the keyspace of `settings`; about a second."""
    host, _, port = settings.endpoint.rpartition(":")
    profile = ExecutionProfile(
        load_balancing_policy=RoundRobinPolicy(),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        request_timeout=settings.request_timeout_s,
        row_factory=dict_factory,  # the default makes a class for every answer
    )
    cluster = Cluster(
        [host],
        port=int(port),
        protocol_version=4,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        connect_timeout=settings.connect_timeout_s,
        control_connection_timeout=settings.connect_timeout_s,
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
        prepare_on_all_hosts=False,
        compression=False,
        sockopts=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # or the last of a request's 4 KB pieces waits
        **_secured(settings, host),
    )
    return cluster.connect(settings.keyspace)


def _secured(settings: KeyspacesSettings, host: str) -> dict[str, Any]:
    if settings.auth == "none":
        return {}
    import boto3  # noqa: PLC0415 - only on AWS
    from cassandra_sigv4.auth import SigV4AuthProvider  # noqa: PLC0415

    return {
        "auth_provider": SigV4AuthProvider(boto3.Session()),
        "ssl_context": ssl.create_default_context(),
        "ssl_options": {"server_hostname": host},
    }
