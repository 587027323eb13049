import socket
import struct
from types import SimpleNamespace
from typing import Any

import pytest
from cassandra import InvalidRequest, OperationTimedOut, Unauthorized, UnsupportedOperation, WriteFailure, WriteTimeout
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import OverloadedErrorMessage, ServerError, SyntaxException
from hypothesis import given, settings
from hypothesis import strategies as st

from natter.adapters.cassandra import client as cassandra
from natter.domain.errors import Unavailable
from natter.settings import KeyspacesSettings


class Cluster:
    """The driver's, as far as it is asked to connect: how it was configured last."""

    configured: dict[str, Any]

    def __init__(self, _contact_points: list[str], **configured: Any) -> None:
        Cluster.configured = configured

    def connect(self, _keyspace: str) -> None:
        return None


class TestConnect:
    def test_no_piece_of_a_request_waits_for_the_one_before_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The driver sends what is over 4 KB in pieces. By Nagle's algorithm the last one waited for the acknowledgement
        of the others, which a server that waits for it delays: batches of eight messages took 40 ms more.
        """
        monkeypatch.setattr(cassandra, "Cluster", Cluster)
        cassandra.connect(KeyspacesSettings(endpoint="127.0.0.1:9042", keyspace="natter", auth="none"))
        assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in Cluster.configured["sockopts"]


class TestErrors:
    @pytest.mark.parametrize(
        "error",
        [
            NoHostAvailable("none", {}),
            OperationTimedOut(),
            WriteTimeout("no answer", write_type=0),
            WriteFailure("a replica failed", write_type=0),
            ConnectionShutdown("gone"),
            OverloadedErrorMessage(code=0x1001, message="overloaded", info=None),
            ServerError(code=0, message="an error of the server", info=None),
            Unauthorized("a role on its way"),
            InvalidRequest('code=2200 [Invalid query] message="unconfigured table natter_prod.messages"'),
            InvalidRequest('code=2200 [Invalid query] message="unconfigured keyspace natter_prod"'),
            InvalidRequest('code=2200 [Invalid query] message="table messages does not exist"'),
            OSError("broken pipe"),
        ],
        ids=lambda error: f"{type(error).__name__} {error}",
    )
    def test_what_may_pass_is_an_outage(self, error: Exception) -> None:
        with pytest.raises(Unavailable), cassandra.store_errors():
            raise error

    @pytest.mark.parametrize(
        "error",
        [
            InvalidRequest("batch too large"),
            UnsupportedOperation("no such operation"),
            SyntaxException(code=0x2000, message="no such statement", info=None),
            TypeError("int expected"),
            struct.error("'i' format requires -2147483648 <= number <= 2147483647"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_will_never_be_done_is_none(self, error: Exception) -> None:
        """Taken for an outage, it stopped its partition for good."""
        with pytest.raises(type(error)), cassandra.store_errors():
            raise error


class TestBatches:
    @given(st.lists(st.text(alphabet="x漢😀", max_size=8000), min_size=1, max_size=80))
    @settings(deadline=None)
    def test_each_is_below_what_the_store_takes_in_bytes(self, texts: list[str]) -> None:
        batches = list(cassandra._batches([("INSERT", (text, 1)) for text in texts]))
        assert [statement for batch in batches for statement in batch] == [("INSERT", (text, 1)) for text in texts]
        for batch in batches:
            assert len(batch) <= cassandra.BATCH_COMMANDS
            size = sum(len(text.encode()) for _, (text, _) in batch)
            assert len(batch) == 1 or size <= cassandra.BATCH_BYTES


class Engine:
    """A session of the driver: what it was asked to run."""

    def __init__(self) -> None:
        self.run: list[Any] = []

    def prepare(self, cql: str) -> Any:
        return SimpleNamespace(query=cql)

    def execute_async(self, statement: Any, _values: Any = None) -> Any:
        self.run.append(statement)
        return SimpleNamespace(result=lambda: None)


class TestWrites:
    def test_what_is_larger_than_a_batch_may_be_is_in_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The whole roster of a large group, among other rows."""
        engine = Engine()
        monkeypatch.setattr(cassandra, "connect", lambda _settings: engine)
        session = cassandra.CassandraSession(KeyspacesSettings(endpoint="127.0.0.1:9042", keyspace="n", auth="none"))
        session.write([("INSERT", ("x" * 2 * cassandra.BATCH_BYTES,)) for _ in range(2)])
        assert [statement.query for statement in engine.run] == ["INSERT", "INSERT"]
