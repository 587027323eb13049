"""
What is behind the ports: the real engines, started once for all contract suites, and an account of moto's. Log and
message store are those of the secured cloud, which is there for others as well, and which nobody makes fail.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from moto import mock_aws

from functions.migrate.handler import opener, upgrade
from local.cloud import Cloud
from local.engines import Endpoints, Engines
from local.progress import Progress
from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.postgres.client import Login, Postgres
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.relations import PostgresBlocks, PostgresContacts
from natter.adapters.postgres.users import PostgresUsers
from natter.adapters.valkey.client import Valkey
from natter.domain.ids import ConversationId, UserId, new_id
from natter.names import DATABASE_ROLE
from natter.settings import KafkaSettings, KeyspacesSettings, PostgresSettings, ValkeySettings
from tests.contract import crowd
from tests.contract.conversation_store import Store
from tests.contract.s3 import PATIENT, S3Store, client
from tests.memory.conversations import MemoryConversations
from tests.memory.relations import MemoryBlocks, MemoryContacts
from tests.memory.users import MemoryUsers

LOGIN = Login("natter", "only-on-loopback")
"""Of who owns the schema."""
ROLE = Login(DATABASE_ROLE, "on-loopback, too")
"""What functions sign in as, and so what the adapters are tested as."""


@pytest.fixture(scope="session")
def cloud(secured_cloud: Cloud) -> Cloud:
    """What depends on it stands here once more: what a session has made is not made again for another cloud."""
    return secured_cloud


@pytest.fixture(scope="session")
def kafka_endpoint(cloud: Cloud) -> str:
    return cloud.engines["kafka"].address


@pytest.fixture(scope="session")
def cassandra_endpoint(cloud: Cloud) -> str:
    return cloud.engines["cassandra"].address


@pytest.fixture(scope="session")
def outputs(cloud: Cloud) -> Mapping[str, str]:
    return cloud.app.outputs


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account of moto's, new and empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture(scope="session")
async def endpoints(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoints]:
    root: Path = tmp_path_factory.mktemp("engines")
    engines = Engines(root, Progress())
    found = await engines.start("postgres", "valkey")
    for database in ("natter", crowd.DATABASE):
        await engines.postgres.ensure_login(LOGIN.username, LOGIN.password, database)
    yield found
    await engines.stop()


@pytest.fixture(scope="session")
def valkey_settings(endpoints: Endpoints) -> ValkeySettings:
    return ValkeySettings(endpoint=endpoints.valkey, auth="none", timeout_s=2)


@pytest.fixture(scope="session")
def postgres_settings(endpoints: Endpoints) -> PostgresSettings:
    """An up-to-date database."""
    settings = PostgresSettings(endpoint=endpoints.postgres, database="natter", secret_arn="none", tls="off")
    upgrade(opener(settings, lambda: LOGIN), ROLE, settings)
    return settings


@pytest.fixture
def postgres(postgres_settings: PostgresSettings) -> Iterator[Postgres]:
    database = Postgres(postgres_settings, lambda: ROLE)
    yield database
    database.close()


@pytest.fixture
def other_postgres(postgres_settings: PostgresSettings) -> Iterator[Postgres]:
    """Another execution environment's connection."""
    database = Postgres(postgres_settings, lambda: ROLE)
    yield database
    database.close()


@pytest.fixture
def valkey(valkey_settings: ValkeySettings) -> Iterator[Valkey]:
    cache = Valkey(valkey_settings, lambda: None)
    yield cache
    cache.close()


@pytest.fixture
def cassandra(cassandra_endpoint: str, outputs: Mapping[str, str]) -> Iterator[CassandraSession]:
    """The tables of the cloud."""
    keyspace = f"natter_{outputs['Stage']}"
    session = CassandraSession(
        KeyspacesSettings(endpoint=cassandra_endpoint, keyspace=keyspace, auth="none", request_timeout_s=10)
    )
    yield session
    session.close()


@pytest.fixture
def producer(kafka_endpoint: str) -> RecordProducer:
    """Appends to the topics of the cloud."""
    return RecordProducer(KafkaSettings(brokers=kafka_endpoint, auth="none", append_timeout_s=10))


@pytest.fixture
def conversation() -> ConversationId:
    """One that nobody else has."""
    return ConversationId(new_id())


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def store(request: pytest.FixtureRequest) -> Store:
    """Conversations, twice over one store."""
    if request.param == "memory":
        users = MemoryUsers()
        blocks = MemoryBlocks(users)
        contacts = MemoryContacts(users, blocks)
        conversations = MemoryConversations(users, blocks, contacts)
        return Store(users, blocks, contacts, conversations, conversations)
    database, other = request.getfixturevalue("postgres"), request.getfixturevalue("other_postgres")
    here, elsewhere = PostgresConversations(database), PostgresConversations(other)
    return Store(PostgresUsers(database), PostgresBlocks(database), PostgresContacts(database), here, elsewhere)


@pytest.fixture
def ann(store: Store) -> UserId:
    return store.person()


@pytest.fixture
def bob(store: Store) -> UserId:
    return store.person()


@pytest.fixture(scope="session")
async def localstack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    engines = Engines(tmp_path_factory.mktemp("localstack"), Progress())
    await engines.start("localstack")
    await asyncio.to_thread(client(engines.localstack.address, PATIENT).list_buckets)  # only now it loads its S3
    yield engines.localstack.address
    await engines.stop()


@pytest.fixture
def s3(localstack: str) -> S3Store:
    return S3Store(localstack)
