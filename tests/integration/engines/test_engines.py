import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import boto3
import psutil
import psycopg
import pytest
from botocore.config import Config
from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from redis import RedisCluster
from redis.exceptions import RedisClusterException

from local.engines import AlreadyClaimed, Engines, EngineUnavailable, ProcessFailed, engine
from local.engines.ports import is_free
from local.progress import Progress

OWNER = """
import asyncio, pathlib, sys
from local.engines import Engines
from local.progress import Progress

async def main():
    await Engines(pathlib.Path(sys.argv[1]), Progress()).start("valkey", "postgres")
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def make_topic(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(timeout=10)


def produce(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    producer.produce(topic, value)
    assert producer.flush(10) == 0


def first_record(bootstrap: str, topic: str) -> bytes | None:
    """The first record of `topic`, read as a member of a group."""
    settings = {"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    try:
        consumer.subscribe([topic])
        record = consumer.poll(15)
        assert record is not None
        assert record.error() is None
        return record.value()
    finally:
        consumer.close()


def connect_to_cassandra(address: str) -> tuple[Cluster, Session]:
    host, _, port = address.partition(":")
    profile = ExecutionProfile(RoundRobinPolicy(), request_timeout=20, consistency_level=ConsistencyLevel.LOCAL_QUORUM)
    cluster = Cluster([host], int(port), protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    return cluster, cluster.connect()


def insert(address: str, key: str, value: str) -> None:
    cluster, session = connect_to_cassandra(address)
    with cluster:
        session.execute(
            "CREATE KEYSPACE IF NOT EXISTS kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.execute("CREATE TABLE IF NOT EXISTS kept.rows (k text PRIMARY KEY, v text)")
        session.execute("INSERT INTO kept.rows (k, v) VALUES (%s, %s)", [key, value])


def select(address: str, key: str) -> str:
    cluster, session = connect_to_cassandra(address)
    with cluster:
        row = session.execute("SELECT v FROM kept.rows WHERE k = %s", [key]).one()
    assert row is not None
    return str(row.v)


def dsn(address: str, user: str, password: str, database: str) -> str:
    return f"postgresql://{user}:{password}@{address}/{database}?connect_timeout=5"


class TestAnswers:
    def test_kafka_delivers_a_record_to_a_group(self, engines: Engines) -> None:
        make_topic(engines.kafka.address, "answers")
        produce(engines.kafka.address, "answers", b"hello")
        assert first_record(engines.kafka.address, "answers") == b"hello"

    def test_kafka_makes_no_topic_by_itself(self, engines: Engines) -> None:
        admin = AdminClient({"bootstrap.servers": engines.kafka.address})
        error = admin.list_topics("nowhere", timeout=10).topics["nowhere"].error
        assert error is not None
        assert error.name() == "UNKNOWN_TOPIC_OR_PART"
        assert "nowhere" not in admin.list_topics(timeout=10).topics

    def test_cassandra_keeps_a_row(self, engines: Engines) -> None:
        insert(engines.cassandra.address, "answers", "hello")
        assert select(engines.cassandra.address, "answers") == "hello"

    def test_valkey_is_a_cluster_that_refuses_commands_across_slots(self, engines: Engines) -> None:
        host, _, port = engines.valkey.address.partition(":")
        with RedisCluster(host=host, port=int(port), decode_responses=True) as client:
            client.set("{a}1", "x")
            assert client.get("{a}1") == "x"
            with pytest.raises(RedisClusterException, match="slot"):
                client.rename("{a}1", "{b}1")

    async def test_postgres_lets_a_user_in_with_the_latest_password_only(self, engines: Engines) -> None:
        await engines.postgres.ensure_login("app", "first", "chat")
        await engines.postgres.ensure_login("app", 'it\'s "second"', "chat")
        with psycopg.connect(
            f"host=127.0.0.1 port={engines.postgres.port} user=app dbname=chat connect_timeout=5",
            password='it\'s "second"',
        ) as connection:
            assert connection.execute("CREATE TABLE t AS SELECT 1 AS n").rowcount == 1
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(dsn(engines.postgres.address, "app", "first", "chat"))

    async def test_postgres_logs_no_values(self, engines: Engines) -> None:
        """Neither of a slow statement, nor of one that fails; the statements themselves are there."""
        await engines.postgres.ensure_login("quiet", "secret", "quiet")
        with psycopg.connect(dsn(engines.postgres.address, "quiet", "secret", "quiet"), autocommit=True) as connection:
            connection.execute("CREATE TABLE people (name text PRIMARY KEY, age int CHECK (age > 0))")
            connection.execute("INSERT INTO people SELECT %s, 1 FROM pg_sleep(0.6)", ["canary-4711"])
            for age in (1, -1):
                with pytest.raises(psycopg.IntegrityError):
                    connection.execute("INSERT INTO people VALUES (%s, %s)", ["canary-4711", age])
        assert engines.postgres.process is not None
        log = engines.postgres.process.log.read_text()
        assert "INSERT INTO people SELECT $1, 1 FROM pg_sleep" in log
        assert 'duplicate key value violates unique constraint "people_pkey"' in log
        assert 'violates check constraint "people_age_check"' in log
        assert "canary" not in log

    def test_localstack_serves_its_services(self, engines: Engines) -> None:
        config = Config(connect_timeout=5, read_timeout=30)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")
        url = engines.localstack.address
        secrets = session.client("secretsmanager", endpoint_url=url, config=config)
        secrets.create_secret(Name="pepper", SecretString="salt")
        assert secrets.get_secret_value(SecretId="pepper")["SecretString"] == "salt"
        topics = session.client("sns", endpoint_url=url, config=config)
        assert topics.create_topic(Name="alarms")["TopicArn"].endswith(":alarms")


class TestLife:
    async def test_what_crashed_comes_back_on_its_port_with_its_data(self, engines: Engines) -> None:
        kafka, cassandra, postgres = engines.kafka, engines.cassandra, engines.postgres
        make_topic(kafka.address, "kept")
        produce(kafka.address, "kept", b"hello")
        insert(cassandra.address, "kept", "hello")
        await postgres.ensure_login("keeper", "secret", "kept")
        addresses = engines.endpoints()

        await asyncio.gather(kafka.kill(), cassandra.kill(), postgres.kill())
        assert not any([kafka.runs, cassandra.runs, postgres.runs])
        await asyncio.gather(kafka.start(), cassandra.start(), postgres.start())

        assert addresses == engines.endpoints()
        assert first_record(kafka.address, "kept") == b"hello"
        assert select(cassandra.address, "kept") == "hello"
        psycopg.connect(dsn(postgres.address, "keeper", "secret", "kept")).close()

    async def test_whoever_trusts_the_push_service_does_so_when_it_is_started_again(self, others: Engines) -> None:
        await others.start("webpush")
        trusting = ssl.create_default_context(cafile=others.webpush.authority)
        await others.webpush.kill()
        assert not await others.webpush.ready()
        await others.webpush.start()
        url = f"https://{others.webpush.address}/subscriptions"
        async with aiohttp.ClientSession() as http, http.post(url, json={"key": "k"}, ssl=trusting) as answer:
            assert answer.status == 201

    async def test_a_paused_engine_does_not_answer_until_it_is_resumed(self, engines: Engines) -> None:
        engines.valkey.pause()
        try:
            assert not await engines.valkey.ready()
        finally:
            engines.valkey.resume()
        assert await engines.valkey.ready()

    async def test_stopping_leaves_nothing_running(self, others: Engines) -> None:
        before = psutil.Process().children(recursive=True)
        await others.start("valkey", "postgres")
        mine = [process for process in psutil.Process().children(recursive=True) if process not in before]
        assert len(mine) > 3, "the warden, Valkey, PostgreSQL and its helpers"
        await others.stop()
        assert not any(process.is_running() for process in mine)
        assert is_free(others.valkey.port)
        assert is_free(others.postgres.port)
        assert list(others.site.run.glob("*.pid")) == []

    async def test_a_folder_is_run_by_one_process_at_a_time(self, others: Engines) -> None:
        await others.start("valkey")
        with pytest.raises(AlreadyClaimed):
            await Engines(others.site.state.parent, Progress()).start("valkey")
        assert await others.valkey.ready()

    async def test_the_next_run_starts_on_what_a_killed_one_left(self, others: Engines) -> None:
        owner = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", OWNER, others.site.state.parent), stdout=subprocess.PIPE
        )
        assert owner.stdout is not None
        assert await owner.stdout.readline() == b"started\n"
        owner.kill()
        await owner.wait()
        await others.start("valkey", "postgres")
        await others.postgres.ensure_login("app", "secret", "chat")

    async def test_whoever_runs_them_hears_of_one_that_ends_by_itself(self, others: Engines) -> None:
        await others.start("valkey")
        os.kill(others.valkey.process.pid, signal.SIGKILL)
        await others.valkey.process.wait()
        ended = await asyncio.wait_for(others.ended(), 5)
        assert str(ended) == f"valkey has ended by itself, with code -9; its log is {others.site.logs / 'valkey.log'}"

    async def test_nobody_hears_of_one_that_was_asked_to_end(self, others: Engines) -> None:
        await others.start("valkey", "postgres")
        await others.valkey.kill()
        await others.valkey.start()
        await others.valkey.stop()
        os.kill(others.postgres.process.pid, signal.SIGKILL)
        assert (await asyncio.wait_for(others.ended(), 5)).name == "postgres"

    async def test_a_failed_start_shows_the_log_and_stops_the_others(self, others: Engines) -> None:
        data = others.postgres.home / "data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("7\n")
        (others.postgres.home / "superuser").write_text("secret")
        with pytest.raises(
            ProcessFailed, match=r"(?s)postgres ended with code .*could not access the server configuration file"
        ):
            await others.start("valkey", "postgres")
        assert not others.valkey.runs


class TestExternal:
    async def test_an_engine_of_someone_else_is_used_and_left_alone(
        self, engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NATTER_VALKEY", engines.valkey.address)
        borrowing = Engines(tmp_path, Progress())
        endpoints = await borrowing.start("valkey")
        assert endpoints.valkey == engines.valkey.address
        with pytest.raises(ProcessLookupError):
            await borrowing.valkey.kill()
        await borrowing.stop()
        assert await engines.valkey.ready()

    @pytest.mark.parametrize(
        ("name", "variable", "address"),
        [
            ("kafka", "NATTER_KAFKA_BOOTSTRAP", "127.0.0.1:1"),
            ("cassandra", "NATTER_CASSANDRA", "127.0.0.1:1"),
            ("valkey", "NATTER_VALKEY", "127.0.0.1:1"),
            ("postgres", "NATTER_POSTGRES", "postgresql://nobody:x@127.0.0.1:1/postgres"),
            ("localstack", "NATTER_LOCALSTACK_URL", "http://127.0.0.1:1"),
            ("webpush", "NATTER_WEBPUSH", "127.0.0.1:1"),
        ],
    )
    async def test_one_that_does_not_answer_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, address: str
    ) -> None:
        monkeypatch.setattr(engine, "ANSWER_S", 0.2)
        monkeypatch.setenv(variable, address)
        with pytest.raises(EngineUnavailable, match=f"{variable} points at a {name}"):
            await Engines(tmp_path, Progress()).start(name)
