"""Each door with the client that the functions use, in front of the engine that all tests of this folder share."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import Credentials
from cassandra import Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.policies import RoundRobinPolicy
from cassandra.query import BatchStatement, BatchType
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from local.certificates import make_certificates, server_context
from local.doors import (
    Access,
    CacheUser,
    CassandraDoor,
    Door,
    Identities,
    Identity,
    KafkaDoor,
    PostgresDoor,
    ValkeyDoor,
    statements,
)
from local.doors import identities as signatures
from local.doors.acls import acls
from local.doors.denials import Denials
from local.doors.iam import Grants, Statement
from local.doors.tally import Passed
from local.engines import Engines
from local.provision import provision_acls
from natter.adapters.cassandra import client as cassandra
from natter.adapters.kafka import client as kafka
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.valkey.client import IamLogin, Valkey
from natter.domain.errors import Unavailable
from natter.settings import KafkaSettings, KeyspacesSettings, ValkeySettings

from .test_engines import dsn, first_record, make_topic

REGION = "eu-central-1"
USER = CacheUser("natter-x", "natter-x", "on ~* &* +@all -@dangerous +info", ("arn:aws:cache", "arn:aws:user"))
CLUSTER = f"arn:aws:kafka:{REGION}:000000000000:cluster/log/1"
TABLES = f"arn:aws:cassandra:{REGION}:000000000000:/keyspace/"
type Grant = tuple[str, str]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    certificates, folder = make_certificates(), tmp_path_factory.mktemp("doors")
    authorities = folder / "authorities.pem"
    authorities.write_bytes(certificates.authority)
    return authorities, server_context(certificates, folder)


@pytest.fixture
def identities() -> Identities:
    return Identities()


@pytest.fixture
def me(identities: Identities) -> Identity:
    return identities.of_role("arn:aws:iam::000000000000:role/send")


@pytest.fixture
def access(me: Identity) -> Access:
    return Access(granted(me, ("*", "*")))


def granted(who: Identity, *grants: Grant) -> Grants:
    return Grants({who.role: [Statement(allows=True, actions=(what,), resources=(where,)) for what, where in grants]})


def refused(access: Access) -> list[Grant]:
    """What was, the last first."""
    return [(each["action"], each["resource"]) for each in access.ledger.refusals()]


@pytest.fixture
def environment(authority: tuple[Path, ssl.SSLContext], me: Identity, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """Of a function with that role."""
    for name, value in me.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    return me


@contextlib.asynccontextmanager
async def opened[Any_: Door](door: Any_) -> AsyncIterator[Any_]:
    await door.start()
    try:
        yield door
    finally:
        await door.stop()


async def emptied(door: Door) -> None:
    """Until the last one has gone."""
    async with asyncio.timeout(5):
        while door.status()["connections"]:  # noqa: ASYNC110 - whoever goes tells nobody
            await asyncio.sleep(0.01)


def credentials(identity: Identity) -> Callable[[], Credentials]:
    made = Credentials(identity.access_key, identity.secret_key, identity.token)
    return lambda: made


class TestValkey:
    @pytest.fixture
    async def door(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities, access: Access
    ) -> AsyncIterator[ValkeyDoor]:
        port = engines.site.ports["valkey-door"]
        behind = engines.valkey.address
        door = ValkeyDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION, access=access)
        door.users = {USER.name: USER}
        async with opened(door):
            yield door

    def client(self, door: ValkeyDoor, identity: Identity, **other: str) -> Valkey:
        settings = ValkeySettings(endpoint=door.address, auth="iam", user=USER.name, cache=USER.cache, timeout_s=2)
        named = {"region": REGION, "user": USER.name, "cache": USER.cache, **other}
        return Valkey(settings, lambda: IamLogin(credentials=credentials(identity), **named))

    async def test_lets_in_whom_it_knows_as_the_user_of_the_template(
        self, door: ValkeyDoor, access: Access, environment: Identity
    ) -> None:
        client = self.client(door, environment)

        def use() -> tuple[Any, Any]:
            with client.client() as valkey:
                valkey.set("door", "open")
                return valkey.get("door"), valkey.acl_whoami()

        assert await asyncio.to_thread(use) == ("open", USER.name)
        assert {each.what: times for each, times in access.tally.times.items() if each.what in {"set", "get"}} == {
            "set": 1,
            "get": 1,
        }
        with client.client() as valkey, pytest.raises(redis.exceptions.NoPermissionError):
            await asyncio.to_thread(valkey.flushall)

    @pytest.mark.parametrize("other", [{"region": "eu-west-1"}, {"user": "somebody"}, {"cache": "another"}])
    async def test_a_token_for_something_else_is_refused(
        self, door: ValkeyDoor, environment: Identity, other: dict[str, str]
    ) -> None:
        with pytest.raises(Unavailable) as failure:
            await asyncio.to_thread(self.client(door, environment, **other).warm)
        assert "invalid username-password pair" in str(failure.value.__cause__)
        assert (door.admitted, door.refused > 0) == (0, True)

    async def test_a_stranger_is_refused(self, door: ValkeyDoor, environment: Identity) -> None:  # noqa: ARG002
        with pytest.raises(Unavailable):
            await asyncio.to_thread(self.client(door, Identity("arn:aws:iam::000000000000:role/send")).warm)

    async def test_a_role_without_the_grant_is_refused(
        self, door: ValkeyDoor, access: Access, environment: Identity
    ) -> None:
        """It needs it on the cache and on the user."""
        for granted_, other in (USER.arns, USER.arns[::-1]):
            access.grants = granted(environment, ("elasticache:Connect", granted_))
            with pytest.raises(Unavailable):
                await asyncio.to_thread(self.client(door, environment).warm)
            assert refused(access)[0] == ("elasticache:Connect", other)
        assert door.admitted == 0

    async def test_a_token_is_good_for_a_quarter_of_an_hour(
        self, identities: Identities, environment: Identity
    ) -> None:
        login = IamLogin(credentials=credentials(environment), region=REGION, user="u", cache="c")
        _, token = login.get_credentials()

        def read(after: timedelta) -> signatures.Presigned:
            now = datetime.now(UTC) + after
            return signatures.read_presigned(
                token, identities, service="elasticache", region=REGION, now=now, longest_s=900
            )

        assert read(timedelta(minutes=14)).identity is environment
        with pytest.raises(signatures.BadSignature, match="expired"):
            read(timedelta(minutes=16))

    async def test_a_connection_that_was_cut_is_made_anew(self, door: ValkeyDoor, environment: Identity) -> None:
        client = self.client(door, environment)
        await asyncio.to_thread(client.warm)
        await door.cut()
        await asyncio.to_thread(client.warm)
        assert door.admitted == 2

    async def test_nobody_stays_for_longer_than_a_connection_may(self, door: ValkeyDoor, environment: Identity) -> None:
        door.life_s = 0.05
        await asyncio.to_thread(self.client(door, environment).warm)
        await emptied(door)


class TestPostgres:
    @pytest.fixture
    async def door(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], access: Access
    ) -> AsyncIterator[PostgresDoor]:
        await engines.postgres.ensure_login("proxied", "secret", "proxied")
        port = engines.site.ports["postgres-door"]
        door = PostgresDoor(port, tls=authority[1], behind=engines.postgres.address, ledger=access.ledger)
        door.roles.add("proxied")
        async with opened(door):
            yield door

    async def connect(self, door: PostgresDoor, authorities: Path, **other: Any) -> psycopg.AsyncConnection[Any]:
        given = {"sslmode": "verify-full", "sslrootcert": str(authorities), "prepare_threshold": None, **other}
        name = given.pop("role", "proxied")
        return await psycopg.AsyncConnection.connect(
            dsn(door.address, name, "secret", "proxied"), autocommit=True, **given
        )

    async def test_statements_pass_and_pin_nothing(
        self, door: PostgresDoor, authority: tuple[Path, ssl.SSLContext]
    ) -> None:
        async with await self.connect(door, authority[0]) as connection:
            assert await (await connection.execute("SELECT %s::int + 1", [41])).fetchone() == (42,)
            async with connection.transaction():
                await connection.execute("SET LOCAL statement_timeout = 1000")
            assert connection.pgconn.ssl_in_use
        assert door.status()["pinned"] == 0
        assert door.queries == 4, "a transaction begins and ends with one"

    @pytest.mark.parametrize(
        ("other", "error"),
        [
            ({"options": "-c statement_timeout=1000"}, "RDS Proxy currently doesn’t support command-line options"),  # noqa: RUF001
            ({"sslmode": "disable"}, "This RDS Proxy requires TLS connections"),
            ({"role": "postgres"}, "This RDS proxy has no credentials for the role postgres"),
            ({"replication": "database"}, "doesn’t support the option replication"),  # noqa: RUF001
            ({"sslrootcert": "system"}, "certificate verify failed"),
        ],
    )
    async def test_what_rds_proxy_refuses(
        self, door: PostgresDoor, authority: tuple[Path, ssl.SSLContext], other: dict[str, str], error: str
    ) -> None:
        with pytest.raises(psycopg.OperationalError, match=error):
            await self.connect(door, authority[0], **other)
        assert door.admitted == 0

    async def test_sessions_that_pin_a_connection_are_counted_once(
        self, door: PostgresDoor, authority: tuple[Path, ssl.SSLContext]
    ) -> None:
        async with await self.connect(door, authority[0], prepare_threshold=0) as connection:
            await connection.execute("SELECT 1")
            await connection.execute("SET statement_timeout = 1000")
        async with await self.connect(door, authority[0]) as connection:
            await connection.execute("SELECT set_config('statement_timeout', '1000', false)")
        assert door.pinned == {"a prepared statement": 1, "a setting": 1}

    async def test_who_says_nothing_for_long_is_cut(
        self, door: PostgresDoor, authority: tuple[Path, ssl.SSLContext]
    ) -> None:
        connection = await self.connect(door, authority[0])
        door.idle_s = 0.05
        await connection.execute("SELECT 1")
        await emptied(door)
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("SELECT 1")
        await connection.close()


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # in AWS's plugin
class TestCassandra:
    READ, WRITE = "SELECT total FROM doors.orders WHERE id = ?", "INSERT INTO doors.orders (id, total) VALUES (?, ?)"
    SYSTEM: tuple[Grant, ...] = (
        ("cassandra:Select", f"{TABLES}system/table/*"),
        ("cassandra:Select", f"{TABLES}system_schema/table/*"),
    )

    @pytest.fixture
    async def door(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities, access: Access
    ) -> AsyncIterator[CassandraDoor]:
        port, behind = engines.site.ports["cassandra-door"], engines.cassandra.address
        async with opened(
            CassandraDoor(
                port,
                tls=authority[1],
                behind=behind,
                identities=identities,
                region=REGION,
                account="000000000000",
                access=access,
            )
        ) as door:
            yield door

    @pytest.fixture
    async def session(self, door: CassandraDoor, environment: Identity) -> AsyncIterator[Session]:  # noqa: ARG002
        settings = KeyspacesSettings(endpoint=door.address, keyspace="system", auth="sigv4")
        session = await asyncio.to_thread(cassandra.connect, settings)
        yield session
        await asyncio.to_thread(session.cluster.shutdown)

    @pytest.fixture(autouse=True)
    def table(self, engines: Engines) -> None:
        """`doors.orders`, which somebody else has made."""
        host, _, port = engines.cassandra.address.rpartition(":")
        profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy())
        profiles = {EXEC_PROFILE_DEFAULT: profile}
        with Cluster([host], port=int(port), protocol_version=4, execution_profiles=profiles) as owner:
            session = owner.connect()
            replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
            session.execute(f"CREATE KEYSPACE IF NOT EXISTS doors WITH replication = {replication}")
            session.execute("CREATE TABLE IF NOT EXISTS doors.orders (id int PRIMARY KEY, total int)")

    async def test_lets_in_whom_it_knows(self, door: CassandraDoor, session: Session) -> None:
        found = await asyncio.to_thread(session.execute, "SELECT key FROM system.local")
        assert found.one() == {"key": "local"}
        assert door.admitted > 0

    async def test_each_statement_has_to_be_granted_on_its_table(
        self, door: CassandraDoor, session: Session, access: Access, environment: Identity
    ) -> None:
        orders = f"{TABLES}doors/table/orders"

        def ask(*statements: tuple[str, tuple[int, ...]]) -> list[Any]:
            return [session.execute(session.prepare(cql), values).one() for cql, values in statements]

        assert await asyncio.to_thread(ask, (self.WRITE, (1, 2)), (self.READ, (1,))) == [None, {"total": 2}]
        for action in ("Modify", "Select"):
            assert access.tally.units[Passed(door.name, environment.role, f"cassandra:{action} doors.orders")] == 1
        access.grants = granted(environment, *self.SYSTEM, ("cassandra:Select", orders))
        assert await asyncio.to_thread(ask, (self.READ, (1,))) == [{"total": 2}]
        with pytest.raises(Unauthorized, match=f"not authorized to perform: cassandra:Modify on resource: {orders}"):
            await asyncio.to_thread(ask, (self.WRITE, (1, 3)))
        access.grants = granted(environment, *self.SYSTEM)
        with pytest.raises(Unauthorized):
            await asyncio.to_thread(session.execute, "SELECT total FROM doors.orders WHERE id = 1")
        assert refused(access) == [("cassandra:Select", orders), ("cassandra:Modify", orders)]
        access.grants = granted(environment, ("*", "*"))
        assert await asyncio.to_thread(ask, (self.READ, (1,))) == [{"total": 2}], "what was refused was not done"
        assert door.refused == 2

    async def test_a_batch_has_to_be_granted_as_a_whole(
        self, session: Session, access: Access, environment: Identity
    ) -> None:
        insert = await asyncio.to_thread(session.prepare, self.WRITE)
        batch = BatchStatement(BatchType.UNLOGGED)
        batch.add(insert, (7, 1))
        batch.add(insert, (8, 1))
        await asyncio.to_thread(session.execute, batch)
        access.grants = granted(environment, *self.SYSTEM, ("cassandra:Select", "*"))
        with pytest.raises(Unauthorized):
            await asyncio.to_thread(session.execute, batch)

    async def test_what_is_not_known_any_more_is_prepared_again(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where Keyspaces has forgotten it; the driver does that by itself."""
        monkeypatch.setattr(statements, "MOST_PREPARED", 1)
        read = await asyncio.to_thread(session.prepare, self.READ)
        await asyncio.to_thread(session.prepare, self.WRITE)
        assert (await asyncio.to_thread(session.execute, read, (999,))).one() is None

    async def test_a_stranger_is_refused(
        self, door: CassandraDoor, environment: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", environment.secret_key[::-1])
        settings = KeyspacesSettings(endpoint=door.address, keyspace="system", auth="sigv4")
        with pytest.raises(NoHostAvailable, match="does not match the signature you provided"):
            await asyncio.to_thread(cassandra.connect, settings)
        assert door.admitted == 0

    async def test_a_role_that_may_not_read_the_system_tables_is_no_use(
        self, door: CassandraDoor, access: Access, environment: Identity
    ) -> None:
        """The driver reads them before anything else."""
        access.grants = granted(environment, ("cassandra:*", f"{TABLES}doors/table/*"))
        settings = KeyspacesSettings(endpoint=door.address, keyspace="system", auth="sigv4")
        with pytest.raises(NoHostAvailable, match="not authorized to perform: cassandra:Select"):
            await asyncio.to_thread(cassandra.connect, settings)

    async def test_a_password_is_refused(self, door: CassandraDoor, authority: tuple[Path, ssl.SSLContext]) -> None:
        host, _, port = door.address.rpartition(":")
        cluster = Cluster(
            [host],
            port=int(port),
            protocol_version=4,
            auth_provider=PlainTextAuthProvider("cassandra", "cassandra"),
            ssl_context=ssl.create_default_context(cafile=str(authority[0])),
            ssl_options={"server_hostname": host},
            execution_profiles={
                EXEC_PROFILE_DEFAULT: ExecutionProfile(load_balancing_policy=RoundRobinPolicy()),
            },
        )
        with pytest.raises(NoHostAvailable, match="does not sign in with SigV4"):
            await asyncio.to_thread(cluster.connect)
        cluster.shutdown()


@pytest.fixture(scope="module")
def topic(engines: Engines) -> str:
    make_topic(engines.kafka.address, "door")
    return "door"


class TestKafka:
    @pytest.fixture
    async def door(
        self,
        engines: Engines,
        authority: tuple[Path, ssl.SSLContext],
        identities: Identities,
        access: Access,
        topic: str,  # noqa: ARG002 - that is there
    ) -> AsyncIterator[KafkaDoor]:
        assert engines.kafka.door is not None
        port, behind = int(engines.kafka.door.rpartition(":")[2]), engines.kafka.behind_door
        door = KafkaDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION, access=access)
        door.clusters = (CLUSTER,)
        await self.grant(engines, access, access.grants)
        async with opened(door):
            yield door

    async def grant(self, engines: Engines, access: Access, grants: Grants) -> None:
        """From now on, and nothing else."""
        access.grants = grants
        await asyncio.to_thread(provision_acls, engines.kafka.address, acls(grants, [CLUSTER]))

    def only(self, who: Identity, *actions: str) -> Grants:
        """These, of the topic, the group `readers` and the cluster, beside `Connect`."""
        kinds = {"Connect": "cluster/log/1", "WriteDataIdempotently": "cluster/log/1"}
        places = {
            action: kinds.get(action, "group/log/1/readers" if "Group" in action else "topic/log/1/door")
            for action in ("Connect", *actions)
        }
        prefix = CLUSTER.partition("cluster/")[0]
        return granted(who, *((f"kafka-cluster:{action}", prefix + place) for action, place in places.items()))

    def append(self, producer: RecordProducer) -> bool:
        """
        Raises:
            Unavailable: it may not.
        """
        return producer.append([NewRecord(topic="door", key="k", value=b"through", schema=b"s")]) != []

    def producer(self, door: KafkaDoor) -> RecordProducer:
        return RecordProducer(KafkaSettings(brokers=door.address, auth="iam", append_timeout_s=10))

    def consume(self, door: KafkaDoor) -> bytes:
        """
        Of the first record; as a member of the group.

        Raises:
            KafkaException: whatever the broker says.
        """
        settings = kafka.client_config(KafkaSettings(brokers=door.address, auth="iam"))
        consumer = Consumer(settings | {"group.id": "readers", "auto.offset.reset": "earliest"})
        try:
            consumer.subscribe(["door"])
            while (message := consumer.poll(30)) is not None:
                if message.error() is not None:
                    raise KafkaException(message.error())
                return bytes(message.value() or b"")
            raise TimeoutError
        finally:
            consumer.close()

    async def test_lets_in_whom_it_knows_and_all_goes_through_it(
        self,
        engines: Engines,
        door: KafkaDoor,
        environment: Identity,  # noqa: ARG002
    ) -> None:
        assert await asyncio.to_thread(self.append, self.producer(door))
        assert await asyncio.to_thread(first_record, engines.kafka.address, "door") == b"through"
        assert door.admitted > 0

    async def test_what_is_granted_of_a_topic_and_a_group_may_be_done_and_nothing_else(
        self, engines: Engines, door: KafkaDoor, access: Access, environment: Identity
    ) -> None:
        """With the broker's own errors, as MSK's are, and each of them in the log of the one that stands here."""
        denials = Denials(engines.kafka.process.log)
        list(denials.news())
        await self.grant(engines, access, self.only(environment, "DescribeTopic", "WriteData", "WriteDataIdempotently"))
        assert await asyncio.to_thread(self.append, self.producer(door))
        for missing, actions, error in (
            ("READ Group readers", ("DescribeTopic", "ReadData", "DescribeGroup"), "GROUP_AUTHORIZATION_FAILED"),
            ("READ Topic door", ("DescribeTopic", "DescribeGroup", "AlterGroup"), "TOPIC_AUTHORIZATION_FAILED"),
            ("DESCRIBE Topic door", ("ReadData", "DescribeGroup", "AlterGroup"), "TOPIC_AUTHORIZATION_FAILED"),
        ):
            await self.grant(engines, access, self.only(environment, *actions))
            with pytest.raises(KafkaException) as failure:
                await asyncio.to_thread(self.consume, door)
            assert failure.value.args[0].name() == error
            said = [f"{each.operation} {each.kind} {each.name}" for each in denials.news()]
            assert missing in said
        wanted = ("DescribeTopic", "ReadData", "DescribeGroup", "AlterGroup")
        await self.grant(engines, access, self.only(environment, *wanted))
        assert await asyncio.to_thread(self.consume, door) == b"through"

    async def test_who_may_not_write_does_not(
        self, engines: Engines, door: KafkaDoor, access: Access, environment: Identity
    ) -> None:
        """Nor does the client stay the one that was refused for good: it writes as soon as it may."""
        producer = self.producer(door)
        wanted = ("DescribeTopic", "WriteData", "WriteDataIdempotently")
        before = await asyncio.to_thread(self.end, engines)
        for missing in wanted[1:]:
            await self.grant(engines, access, self.only(environment, *(each for each in wanted if each != missing)))
            with pytest.raises(Unavailable):
                await asyncio.to_thread(self.append, producer)
        assert ("kafka-cluster:WriteDataIdempotently", CLUSTER) in refused(access)
        assert await asyncio.to_thread(self.end, engines) == before
        await self.grant(engines, access, self.only(environment, *wanted))
        assert await asyncio.to_thread(self.append, producer)
        assert await asyncio.to_thread(self.end, engines) == before + 1

    def end(self, engines: Engines) -> int:
        """How many records the topic has had."""
        consumer = Consumer({"bootstrap.servers": engines.kafka.address, "group.id": "none"})
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition("door", 0), timeout=10)
            return end
        finally:
            consumer.close()

    async def test_a_stranger_is_refused(
        self, door: KafkaDoor, environment: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", environment.secret_key[::-1])
        errors: list[str] = []
        settings = KafkaSettings(brokers=door.address, auth="iam")
        heard = {"error_cb": lambda error: errors.append(error.str()), "log_level": 0}
        producer = Producer(kafka.client_config(settings) | heard)
        with pytest.raises(KafkaException):
            await asyncio.to_thread(producer.list_topics, timeout=0.5)
        await asyncio.to_thread(producer.poll, 0)
        assert any("Access denied" in error for error in errors)
        assert door.admitted == 0

    async def test_who_signs_in_again_stays_who_it_was(
        self,
        door: KafkaDoor,
        authority: tuple[Path, ssl.SSLContext],
        identities: Identities,
        environment: Identity,  # noqa: ARG002 - who signs in first
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As librdkafka does before its token has run out, on the connection that it has."""
        trust = ssl.create_default_context(cafile=str(authority[0]))
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, ssl=trust)

        async def authenticate() -> bytes:
            token, _ = MSKAuthTokenProvider.generate_auth_token(REGION)
            message = b"n,,\x01auth=Bearer " + token.encode() + b"\x01\x01"
            request = struct.pack("!hhih", 36, 1, 7, -1) + struct.pack("!i", len(message)) + message
            writer.write(struct.pack("!i", len(request)) + request)
            (length,) = struct.unpack("!i", await reader.readexactly(4))
            return await reader.readexactly(length)

        for _ in range(2):
            answer = await authenticate()
            assert answer[:6] == struct.pack("!ih", 7, 0)
            assert 890_000 < struct.unpack("!q", answer[-8:])[0] <= 900_000
        for name, value in identities.of_role("arn:aws:iam::000000000000:role/other").environment.items():
            monkeypatch.setenv(name, value)
        await authenticate()
        assert await reader.read() == b""
        writer.close()
