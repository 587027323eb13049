"""All doors of one cloud, with nothing behind them: what they learn from the templates and tell the functions."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.assembly import Resolver
from local.doors import Doors
from local.doors.valkey import cache_users
from local.engines import Engines, EngineUnavailable
from local.faults import Cut
from local.faults.control import Control, UnknownEngineError
from local.progress import Progress
from local.runtime.functions import Lambda
from tests.unit.local.assembly.conftest import SITE, resolver

__all__ = ["resolver"]

type Make = Callable[..., Resolver]


def allow(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def role(*statements: dict[str, Any]) -> dict[str, Any]:
    policy = {"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}


CLUSTER = f"arn:aws:kafka:{SITE.region}:{SITE.account}:topic/log/local/"
TEMPLATE = {
    "Resources": {
        "Cluster": {"Type": "AWS::MSK::Cluster", "Properties": {"ClusterName": "log"}},
        "User": {
            "Type": "AWS::ElastiCache::User",
            "Properties": {"UserId": "u", "UserName": "u", "AccessString": "on ~* +get"},
        },
        "Users": {
            "Type": "AWS::ElastiCache::UserGroup",
            "Properties": {"UserGroupId": "g", "UserIds": [{"Ref": "User"}]},
        },
        "Cache": {
            "Type": "AWS::ElastiCache::ServerlessCache",
            "Properties": {"ServerlessCacheName": "c", "UserGroupId": {"Ref": "Users"}},
        },
        "Sender": role(
            allow("kafka-cluster:Connect", {"Fn::GetAtt": ["Cluster", "Arn"]}),
            allow("kafka-cluster:DescribeTopic", "arn:aws:kafka:*:*:topic/log/*/orders"),
            allow("kms:Sign", "*"),
            allow("elasticache:Connect", {"Fn::GetAtt": ["Cache", "ARN"]}),
            allow("elasticache:Connect", "arn:aws:elasticache:*:*:user:u"),
        ),
        "Stranger": role(allow("sqs:SendMessage", "*"), allow("elasticache:Connect", {"Fn::GetAtt": ["Cache", "ARN"]})),
    }
}


@pytest.fixture
async def doors(tmp_path: Path, resolver: Make) -> AsyncIterator[Doors]:
    doors = Doors(Engines(tmp_path, Progress()), SITE)
    await doors.start()
    doors.learn(resolver(main=TEMPLATE))
    yield doors
    await doors.stop()


def arn(name: str) -> str:
    return f"arn:aws:iam:{SITE.region}:{SITE.account}:role/main-{name}"


async def restored(_engine: str) -> None:
    """Nothing was lost."""


class TestDoors:
    async def test_functions_find_the_doors_and_the_platform_the_engines(self, doors: Doors, tmp_path: Path) -> None:
        engines = Engines(tmp_path, Progress()).endpoints()
        names = ("kafka", "cassandra", "valkey", "postgres")
        addresses = {getattr(doors.endpoints, name) for name in names}
        assert len(addresses) == len(names)
        assert addresses.isdisjoint(getattr(engines, name) for name in names)

    async def test_functions_are_told_whom_to_trust(self, doors: Doors) -> None:
        trust = ssl.create_default_context(cafile=doors.environment["SSL_CERT_FILE"])
        host, _, port = doors.endpoints.valkey.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=trust)
        writer.write(b"*1\r\n$4\r\nPING\r\n")
        assert await reader.readline() == b"-NOAUTH Authentication required.\r\n"
        writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(host, int(port), ssl=ssl.create_default_context())

    async def test_each_role_has_credentials_of_its_own_and_its_own_grants(self, doors: Doors) -> None:
        assert doors.credentials(arn("Sender")) == doors.credentials(arn("Sender"))
        assert doors.credentials(arn("Sender")) != doors.credentials(arn("Stranger"))
        for name, status in (("Sender", 503), ("Stranger", 400)):  # 503: nothing stands behind the door
            with pytest.raises(ClientError) as failure:
                await asyncio.to_thread(self.sign, doors, name)
            assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == status

    def sign(self, doors: Doors, name: str) -> None:
        credentials = {key.lower(): value for key, value in doors.credentials(arn(name)).items()}
        kms = boto3.Session(region_name=SITE.region, **credentials).client(  # type: ignore[arg-type]
            "kms",
            endpoint_url=doors.environment["AWS_ENDPOINT_URL"],
            config=Config(retries={"total_max_attempts": 1}),
        )
        kms.sign(KeyId="1", Message=b"m", SigningAlgorithm="ECDSA_SHA_256")

    async def test_who_may_connect_stands_in_the_templates(self, doors: Doors, resolver: Make) -> None:
        (user,) = cache_users(resolver(main=TEMPLATE))
        assert (user.name, user.cache, user.access) == ("u", "c", "on ~* +get")
        (described,) = doors.acls
        assert (described.principal, described.name) == (f"User:{arn('Sender')}", "orders")

    async def test_roles_of_the_database_are_those_whose_secrets_there_are(self, doors: Doors) -> None:
        doors.let_in({"ann"})
        assert doors.status()["doors"]["postgres"]["roles"] == 1

    async def test_what_was_refused_is_shown_whichever_door_it_was(self, doors: Doors, tmp_path: Path) -> None:
        """Kafka's refusals are the broker's own, which it says in its log."""
        with pytest.raises(ClientError):
            await asyncio.to_thread(self.sign, doors, "Stranger")
        log = tmp_path / ".local" / "log" / "kafka.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(
            f"Principal = User:{arn('Stranger')} is Denied operation = READ from host = 127.0.0.1 on resource = "
            "Topic:LITERAL:orders for request = Fetch with resourceRefCount = 1 based on rule DefaultDeny\n"
        )
        status = doors.status()
        assert [(each["door"], each["action"], each["resource"]) for each in status["refusals"]] == [
            ("kafka", "kafka-cluster:ReadData", f"{CLUSTER}orders"),
            ("aws", "kms:Sign", f"arn:aws:kms:{SITE.region}:{SITE.account}:key/1"),
        ]
        assert [status["doors"][name]["refused"] for name in ("kafka", "aws", "valkey")] == [1, 1, 0]
        assert status["doors"]["kafka"]["address"] == doors.endpoints.kafka

    async def test_functions_can_be_hung_up_on(self, doors: Doors) -> None:
        control = Control(Lambda([], interpreter=Path(), log_dir=Path(), extra_env={}), {}, restored, doors.of_engines)
        host, _, port = doors.endpoints.postgres.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(struct.pack("!ii", 8, 80877104))  # may it be GSSAPI?
        assert await reader.readexactly(1) == b"N"
        await control.apply(Cut("postgres"))
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(UnknownEngineError, match="no door leads to localstack: there are cassandra, kafka,"):
            await control.apply(Cut("localstack"))

    async def test_a_kafka_of_someone_else_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NATTER_KAFKA_BOOTSTRAP", "127.0.0.1:1")
        with pytest.raises(EngineUnavailable, match="NATTER_KAFKA_BOOTSTRAP cannot be used"):
            await Doors(Engines(tmp_path, Progress()), SITE).start()
