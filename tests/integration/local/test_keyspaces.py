"""The rules of Amazon Keyspaces in front of the real driver, here and in a worker."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cassandra import ConsistencyLevel, InvalidRequest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from cassandra.query import BatchStatement, BatchType, SimpleStatement

from local.assembly import Column, Table
from local.engines import Engines
from local.keyspaces import VARIABLE, Guard, encode
from local.progress import Progress
from local.provision import ProvisionFailed, provision_tables, switches
from local.runtime.functions import Lambda

from .conftest import ROOT, function

pytestmark = pytest.mark.engines

ORDERS = Table(
    keyspace="shop",
    name="orders",
    partition_key=(Column("id", "text"),),
    clustering=(),
    columns=(Column("total", "bigint"),),
    ttl_s=0,
    client_timestamps=True,
)
PLAIN = Table("shop", "plain", (Column("id", "text"),), (), (Column("total", "bigint"),), 0)
WRITE = "UPDATE orders USING TIMESTAMP ? SET total = ? WHERE id = ?"
WORKER = """
from cassandra import ConsistencyLevel
from cassandra.cluster import Cluster

def read(event, context):
    host, _, port = event["address"].partition(":")
    with Cluster([host], int(port), protocol_version=4) as cluster:
        session = cluster.connect("shop")
        try:
            session.execute(event["cql"])
        except Exception as error:
            return f"{type(error).__name__}: {error}"

def environment(event, context):
    import os
    return sorted(os.environ)
"""


@pytest.fixture(scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    engines = Engines(tmp_path_factory.mktemp("cassandra"), Progress())
    await engines.start("cassandra")
    provision_tables(engines.cassandra.address, ["shop"], [ORDERS, PLAIN])
    yield engines.cassandra.address
    await engines.stop()


@pytest.fixture
def session(address: str) -> Iterator[Session]:
    """Guarded."""
    guard = Guard(switches([ORDERS, PLAIN]))
    guard.install()
    host, _, port = address.partition(":")
    profile = ExecutionProfile(RoundRobinPolicy(), consistency_level=ConsistencyLevel.LOCAL_QUORUM)
    with Cluster([host], int(port), protocol_version=4, execution_profiles={EXEC_PROFILE_DEFAULT: profile}) as cluster:
        yield cluster.connect("shop")
    guard.remove()


def now_us() -> int:
    return time.time_ns() // 1000


class TestGuard:
    def test_what_is_allowed_is_done(self, session: Session) -> None:
        write = session.prepare(WRITE)
        batch = BatchStatement(BatchType.UNLOGGED)
        for number in range(30):
            batch.add(write, (now_us(), number, f"b{number}"))
        session.execute(batch)
        session.execute(write, (now_us(), 3, "a"))
        session.execute("INSERT INTO plain (id, total) VALUES (%s, %s)", ("p", 4))
        assert session.execute("SELECT total FROM orders WHERE id = 'a'").one().total == 3
        assert session.execute("SELECT total FROM orders WHERE id = 'b29'").one().total == 29

    def test_timestamps_are_looked_at_each_time(self, session: Session) -> None:
        write = session.prepare(WRITE)
        session.execute(write, (now_us(), 1, "t"))
        with pytest.raises(InvalidRequest, match=r"at most 2 days old .*client-side-timestamps"):
            session.execute(write, (1_000_000, 2, "t"))
        with pytest.raises(InvalidRequest, match="at most 2 days old"):
            session.execute(BatchStatement(BatchType.UNLOGGED).add(write, (1_000_000, 2, "t")))
        assert session.execute("SELECT total FROM orders WHERE id = 't'").one().total == 1

    def test_what_is_not_on_in_a_table_is_refused_when_it_is_prepared(self, session: Session) -> None:
        with pytest.raises(InvalidRequest, match=r"client-side timestamps are not on in shop\.plain"):
            session.prepare("UPDATE plain USING TIMESTAMP ? SET total = ? WHERE id = ?")

    def test_level_is_that_of_the_statement_or_of_the_profile(self, session: Session) -> None:
        write = "INSERT INTO plain (id) VALUES ('l')"
        session.execute(write)
        with pytest.raises(InvalidRequest, match="LOCAL_QUORUM, not QUORUM"):
            session.execute(SimpleStatement(write, consistency_level=ConsistencyLevel.QUORUM))
        batch = BatchStatement(BatchType.UNLOGGED, consistency_level=ConsistencyLevel.ONE).add(write)
        with pytest.raises(InvalidRequest, match="LOCAL_QUORUM, not ONE"):
            session.execute(batch)

    def test_batch_of_31(self, session: Session) -> None:
        batch = BatchStatement(BatchType.UNLOGGED)
        for number in range(31):
            batch.add("INSERT INTO plain (id) VALUES (%s)", (f"n{number}",))
        with pytest.raises(InvalidRequest, match="UNLOGGED has 30 statements at most, not 31"):
            session.execute(batch)

    def test_refusal_is_also_a_line_for_the_log(self, session: Session, capfd: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(InvalidRequest):
            session.execute("TRUNCATE plain")
        assert capfd.readouterr().err.startswith("Amazon Keyspaces refuses this: TRUNCATE is not supported (https://")


class TestProvision:
    def test_table_that_keyspaces_would_not_make(self, address: str) -> None:
        odd = Table("shop", "odd", (Column("id", "text"),), (), (Column("took", "duration"),), 0)
        with pytest.raises(ProvisionFailed, match="there is no type DURATION"):
            provision_tables(address, ["shop"], [odd])


@pytest.fixture
async def functions(interpreter: Path, tmp_path: Path) -> AsyncIterator[Lambda]:
    """With a layer that has the driver."""
    code, layer = tmp_path / "code", tmp_path / "layer"
    code.mkdir()
    (code / "app.py").write_text(WORKER)
    layer.mkdir()
    (layer / "python").symlink_to(next((ROOT / ".venv" / "lib").glob("python3*/site-packages")))
    pools = Lambda(
        [function(code, name, layers=(layer,), timeout_s=30) for name in ("read", "environment")],
        interpreter=interpreter,
        log_dir=tmp_path / "logs",
        extra_env={VARIABLE: encode(switches([ORDERS, PLAIN]))},
    )
    await pools.start()
    yield pools
    await pools.stop()


class TestWorker:
    async def test_driver_that_a_function_imports_is_guarded(
        self, functions: Lambda, address: str, tmp_path: Path
    ) -> None:
        event = {"address": address, "cql": "SELECT COUNT(*) FROM orders"}
        answer = json.loads((await functions.invoke("read", json.dumps(event).encode())).payload)
        assert answer.startswith("InvalidRequest: Amazon Keyspaces refuses this: there is no aggregate COUNT (https://")
        assert answer.removeprefix("InvalidRequest: ") in (tmp_path / "logs" / "read.log").read_text()

    async def test_function_does_not_see_how(self, functions: Lambda) -> None:
        assert VARIABLE not in json.loads((await functions.invoke("environment", b"{}")).payload)
