"""The gate in front of LocalStack with the real clients, in front of something that answers like a service."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from local.doors import Gate
from local.faults import Service
from local.faults.calls import CallFaults
from local.faults.ledger import Ledger
from local.runtime.http1 import Exchange, HttpServer

TOPIC = "arn:aws:sns:eu-west-1:000000000000:topic"
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=1.0)


class Behind:
    """What stands behind it; what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.server = HttpServer(self.answer)

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.body)
        well = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
        exchange.respond(200, b"{}" if exchange.header(b"x-amz-target") else well)


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    service = Behind()
    await service.server.start()
    yield service
    service.server.close()


@pytest.fixture
def faults() -> CallFaults:
    return CallFaults(Ledger())


@pytest.fixture
async def gate(behind: Behind, faults: CallFaults, unused_tcp_port: int) -> AsyncIterator[str]:
    gate = Gate(unused_tcp_port, behind=f"http://127.0.0.1:{behind.server.port}", faults=faults)
    await gate.start()
    yield Gate.environment(unused_tcp_port)["AWS_ENDPOINT_URL_SNS"]
    await gate.stop()


async def call(service: Literal["sns", "sqs"], gate: str, operation: str, **parameters: Any) -> Any:
    client = boto3.client(
        service,
        endpoint_url=gate,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=ONCE,
    )
    return await asyncio.to_thread(partial(getattr(client, operation), **parameters))


async def publish(gate: str) -> Any:
    return await call("sns", gate, "publish", TopicArn=TOPIC, Message="hello")


async def code(gate: str) -> str:
    with pytest.raises(ClientError) as refusal:
        await publish(gate)
    return str(refusal.value.response["Error"]["Code"])


class TestGate:
    async def test_hands_on_what_is_said_and_answered(self, gate: str, behind: Behind) -> None:
        assert (await publish(gate))["MessageId"] == "1"
        (asked,) = behind.asked
        assert b"Message=hello" in asked

    async def test_a_service_refuses_in_its_own_words_and_the_others_go_on(
        self, gate: str, behind: Behind, faults: CallFaults
    ) -> None:
        faults.arm(Service("sns", "throttled", calls=1))
        faults.arm(Service("sns", "broken", calls=1))
        await call("sqs", gate, "delete_queue", QueueUrl="http://queue")
        assert [await code(gate), await code(gate)] == ["Throttling", "ServiceUnavailable"]
        assert len(behind.asked) == 1
        await publish(gate)

    async def test_json_is_refused_as_json(self, gate: str, faults: CallFaults) -> None:
        faults.arm(Service("sqs", "throttled"))
        with pytest.raises(ClientError, match="Throttling"):
            await call("sqs", gate, "delete_queue", QueueUrl="http://queue")

    async def test_of_what_is_never_answered_nothing_is_done(
        self, gate: str, behind: Behind, faults: CallFaults
    ) -> None:
        faults.arm(Service("sns", "none"))
        with pytest.raises(ReadTimeoutError):
            await publish(gate)
        assert behind.asked == []

    async def test_what_is_lost_is_done(self, gate: str, behind: Behind, faults: CallFaults) -> None:
        faults.arm(Service("sns", "lost"))
        with pytest.raises(ReadTimeoutError):
            await publish(gate)
        assert len(behind.asked) == 1
