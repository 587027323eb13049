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
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import RoundRobinPolicy
from confluent_kafka import KafkaException, Producer

from local.doors import (
    CacheUser,
    CassandraDoor,
    Door,
    Identities,
    Identity,
    KafkaDoor,
    PostgresDoor,
    ValkeyDoor,
    make_authority,
)
from local.doors import identities as signatures
from local.engines import Engines
from natter.adapters.cassandra import client as cassandra
from natter.adapters.kafka import client as kafka
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.valkey.client import IamLogin, Valkey
from natter.domain.errors import Unavailable
from natter.settings import KafkaSettings, KeyspacesSettings, ValkeySettings

from .test_engines import dsn, first_record, make_topic

REGION = "eu-central-1"
USER = CacheUser("natter-x", "natter-x", "on ~* &* +@all -@dangerous +info")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_authority(tmp_path_factory.mktemp("doors"))


@pytest.fixture
def identities() -> Identities:
    return Identities()


@pytest.fixture
def me(identities: Identities) -> Identity:
    return identities.of_role("arn:aws:iam::000000000000:role/send")


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
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities
    ) -> AsyncIterator[ValkeyDoor]:
        port = engines.site.ports["valkey-door"]
        behind = engines.valkey.address
        door = ValkeyDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION)
        door.users = {USER.name: USER}
        async with opened(door):
            yield door

    def client(self, door: ValkeyDoor, identity: Identity, **other: str) -> Valkey:
        settings = ValkeySettings(endpoint=door.address, auth="iam", user=USER.name, cache=USER.cache, timeout_s=2)
        named = {"region": REGION, "user": USER.name, "cache": USER.cache, **other}
        return Valkey(settings, lambda: IamLogin(credentials=credentials(identity), **named))

    async def test_lets_in_whom_it_knows_as_the_user_of_the_template(
        self, door: ValkeyDoor, environment: Identity
    ) -> None:
        client = self.client(door, environment)

        def use() -> tuple[Any, Any]:
            with client.client() as valkey:
                valkey.set("door", "open")
                return valkey.get("door"), valkey.acl_whoami()

        assert await asyncio.to_thread(use) == ("open", USER.name)
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
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities, environment: Identity
    ) -> None:
        asked: list[object] = []

        def no(*who: object) -> bool:
            asked.append(who)
            return False

        port, behind = engines.site.ports["valkey-door"], engines.valkey.address
        door = ValkeyDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION, may=no)
        door.users = {USER.name: USER}
        async with opened(door):
            with pytest.raises(Unavailable):
                await asyncio.to_thread(self.client(door, environment).warm)
        assert (environment, USER.arns) in asked
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
    async def door(self, engines: Engines, authority: tuple[Path, ssl.SSLContext]) -> AsyncIterator[PostgresDoor]:
        await engines.postgres.ensure_login("proxied", "secret", "proxied")
        port = engines.site.ports["postgres-door"]
        door = PostgresDoor(port, tls=authority[1], behind=engines.postgres.address)
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
    @pytest.fixture
    async def door(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities
    ) -> AsyncIterator[CassandraDoor]:
        port, behind = engines.site.ports["cassandra-door"], engines.cassandra.address
        async with opened(
            CassandraDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION)
        ) as door:
            yield door

    async def test_lets_in_whom_it_knows(self, door: CassandraDoor, environment: Identity) -> None:  # noqa: ARG002
        settings = KeyspacesSettings(endpoint=door.address, keyspace="system", auth="sigv4")

        def ask() -> Any:
            session = cassandra.connect(settings)
            try:
                return session.execute("SELECT key FROM system.local").one()
            finally:
                session.cluster.shutdown()

        assert await asyncio.to_thread(ask) == {"key": "local"}
        assert door.admitted > 0

    async def test_a_stranger_is_refused(
        self, door: CassandraDoor, environment: Identity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", environment.secret_key[::-1])
        settings = KeyspacesSettings(endpoint=door.address, keyspace="system", auth="sigv4")
        with pytest.raises(NoHostAvailable, match="does not match the signature you provided"):
            await asyncio.to_thread(cassandra.connect, settings)
        assert door.admitted == 0

    async def test_a_role_without_the_grant_is_refused(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities, environment: Identity
    ) -> None:
        port, behind = engines.site.ports["cassandra-door"], engines.cassandra.address
        settings = KeyspacesSettings(endpoint=f"127.0.0.1:{port}", keyspace="system", auth="sigv4")
        door = CassandraDoor(
            port, tls=authority[1], behind=behind, identities=identities, region=REGION, may=lambda _: False
        )
        async with opened(door):
            with pytest.raises(NoHostAvailable, match=f"{environment.role} is not authorized"):
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


class TestKafka:
    @pytest.fixture
    async def door(
        self, engines: Engines, authority: tuple[Path, ssl.SSLContext], identities: Identities
    ) -> AsyncIterator[KafkaDoor]:
        assert engines.kafka.door is not None
        port, behind = int(engines.kafka.door.rpartition(":")[2]), engines.kafka.behind_door
        async with opened(
            KafkaDoor(port, tls=authority[1], behind=behind, identities=identities, region=REGION)
        ) as door:
            yield door

    async def test_lets_in_whom_it_knows_and_all_goes_through_it(
        self,
        engines: Engines,
        door: KafkaDoor,
        environment: Identity,  # noqa: ARG002
    ) -> None:
        await asyncio.to_thread(make_topic, engines.kafka.address, "door")
        producer = RecordProducer(KafkaSettings(brokers=door.address, auth="iam", append_timeout_s=10))
        record = NewRecord(topic="door", key="k", value=b"through", schema=b"s")
        assert await asyncio.to_thread(producer.append, [record]) != []
        assert await asyncio.to_thread(first_record, engines.kafka.address, "door") == b"through"
        assert door.admitted > 0

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
