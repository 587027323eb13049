"""Asynchronous invocations, their attempts and their destinations."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.aws import client
from local.destinations import Senders
from local.model import AsyncSettings, Function
from local.runtime.asynchronous import MAX_PAYLOAD, PayloadTooLargeError, Waits
from local.runtime.functions import Lambda
from local.runtime.http1 import HttpServer
from local.runtime.invoke_api import InvokeApi, function_of

from .conftest import arn, until

pytestmark = pytest.mark.engines

REGION = "eu-central-1"
QUICK = Waits(failed=(0.05, 0.05), throttled=(0.02, 0.05))
CODE = """
import json, os, time

def note(event, context):
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps({"event": event, "id": context.aws_request_id}) + "\\n")

def fail(event, context):
    note(event, context)
    raise ValueError("this function fails")

def succeed(event, context):
    note(event, context)
    return {"answer": event}

def linger(event, context):
    note(event, context)
    time.sleep(0.3)
"""


class Stage:
    def __init__(self, localstack: str, interpreter: Path, root: Path) -> None:
        self.name = f"a-{uuid.uuid4().hex[:8]}"
        self.sqs: Any = client("sqs", localstack, REGION)
        self.url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:000000000000:{self.name}"
        self._localstack = localstack
        self._interpreter = interpreter
        self._root = root
        self._record = root / "record.jsonl"
        (root / "app.py").write_text(CODE)

    def function(self, name: str, **settings: Any) -> Function:
        fields = {
            "logical_id": name,
            "name": name,
            "arn": arn(name),
            "handler": f"app.{name}",
            "code": self._root,
            "environment": {"RECORD": str(self._record)},
            "timeout_s": 10.0,
            **settings,
        }
        return Function(**fields)

    def start(self, *functions: Function) -> Lambda:
        pools = Lambda(functions, interpreter=self._interpreter, log_dir=self._root / "logs", extra_env={}, waits=QUICK)
        pools.send_records_to(Senders(pools, self._localstack, REGION))
        return pools

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._record.read_text().splitlines()] if self._record.exists() else []

    def received(self) -> dict[str, Any]:
        """One message of the queue."""
        answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=20, MessageAttributeNames=["All"])
        (message,) = answer["Messages"]
        return dict(message)


type Start = Callable[..., Awaitable[Lambda]]


@pytest.fixture
def stage(localstack: str, interpreter: Path, tmp_path: Path) -> Stage:
    return Stage(localstack, interpreter, tmp_path)


@pytest.fixture
async def start(stage: Stage) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(*functions: Function) -> Lambda:
            pools = stage.start(*functions)
            stack.push_async_callback(pools.stop)
            await pools.start()
            return pools

        yield begin


class TestAttempts:
    async def test_failed_event_is_tried_three_times_under_one_id(self, stage: Stage, start: Start) -> None:
        pools = await start(stage.function("fail", asynchronous=AsyncSettings(on_failure=stage.queue_arn)))
        pools.invoke_async("fail", b'{"n":1}')
        await asyncio.to_thread(stage.received)
        assert [note["event"] for note in stage.notes()] == [{"n": 1}] * 3
        assert len({note["id"] for note in stage.notes()}) == 1

    async def test_throttled_event_waits(self, stage: Stage, start: Start) -> None:
        pools = await start(stage.function("linger", reserved_concurrency=1))
        for n in range(3):
            pools.invoke_async("linger", b"%d" % n)
        await until(lambda: len(stage.notes()) == 3)
        assert pools.status()["linger"]["throttles"] > 0

    async def test_event_that_became_too_old_is_given_up(self, stage: Stage, start: Start) -> None:
        settings = AsyncSettings(max_age_s=0.2, on_failure=stage.queue_arn)
        pools = await start(stage.function("succeed", reserved_concurrency=0, asynchronous=settings))
        pools.invoke_async("succeed", b"1")
        record = json.loads((await asyncio.to_thread(stage.received))["Body"])
        assert record["requestContext"]["condition"] == "EventAgeExceeded"
        assert record["requestContext"]["approximateInvokeCount"] == 0
        assert "responsePayload" not in record
        assert stage.notes() == []

    async def test_event_over_1_mb_is_refused(self, stage: Stage, start: Start) -> None:
        pools = await start(stage.function("succeed"))
        with pytest.raises(PayloadTooLargeError):
            pools.invoke_async("succeed", b'"' + b"x" * MAX_PAYLOAD + b'"')

    async def test_waits_are_those_of_aws(self) -> None:
        assert Waits().failed == (60, 120)
        assert Waits().throttled == (1, 300)
        assert AsyncSettings() == AsyncSettings(retry_attempts=2, max_age_s=21_600)


class TestDestinations:
    async def test_failure_is_recorded(self, stage: Stage, start: Start) -> None:
        settings = AsyncSettings(retry_attempts=0, on_failure=stage.queue_arn, on_success=arn("nobody"))
        pools = await start(stage.function("fail", asynchronous=settings))
        pools.invoke_async("fail", b'{"n":1}')
        record = json.loads((await asyncio.to_thread(stage.received))["Body"])
        context = record.pop("requestContext")
        assert context == {
            "requestId": stage.notes()[0]["id"],
            "functionArn": arn("fail") + ":$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 1,
        }
        assert record.pop("timestamp").endswith("Z")
        assert record.pop("responsePayload")["errorMessage"] == "this function fails"
        assert record == {
            "version": "1.0",
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        }

    async def test_success_is_told_to_a_function(self, stage: Stage, start: Start) -> None:
        settings = AsyncSettings(on_success=arn("note"))
        pools = await start(stage.function("succeed", asynchronous=settings), stage.function("note"))
        pools.invoke_async("succeed", b"7")
        await until(lambda: len(stage.notes()) == 2)
        record = stage.notes()[1]["event"]
        assert (record["requestContext"]["condition"], record["responsePayload"]) == ("Success", {"answer": 7})

    async def test_dead_letter_queue_gets_the_event_itself(self, stage: Stage, start: Start) -> None:
        settings = AsyncSettings(retry_attempts=0)
        pools = await start(stage.function("fail", asynchronous=settings, dead_letter_arn=stage.queue_arn))
        pools.invoke_async("fail", b'{"n":1}')
        message = await asyncio.to_thread(stage.received)
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert message["Body"] == '{"n":1}'
        assert attributes == {
            "RequestID": stage.notes()[0]["id"],
            "ErrorCode": "200",
            "ErrorMessage": "this function fails",
        }

    async def test_destination_that_takes_nothing_stands_in_the_log(
        self, stage: Stage, start: Start, tmp_path: Path
    ) -> None:
        settings = AsyncSettings(on_success=f"arn:aws:sqs:{REGION}:000000000000:nowhere-{stage.name}")
        pools = await start(stage.function("succeed", asynchronous=settings))
        pools.invoke_async("succeed", b"1")
        log = tmp_path / "logs" / "succeed.log"
        await until(lambda: "took no record" in log.read_text())


class TestInvokeApi:
    async def test_sizes_are_limited(self, stage: Stage, start: Start) -> None:
        pools = await start(stage.function("succeed"))
        api = InvokeApi(pools)
        server = HttpServer(lambda exchange: api.answer(exchange, function_of(exchange) or ""))
        await server.start()
        boto: Any = boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{server.port}",
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        try:
            for kind, size in (("Event", MAX_PAYLOAD), ("RequestResponse", 6 * 1024 * 1024)):
                payload = b'"' + b"x" * size + b'"'
                with pytest.raises(ClientError) as refusal:
                    await asyncio.to_thread(boto.invoke, FunctionName="succeed", InvocationType=kind, Payload=payload)
                assert refusal.value.response["Error"]["Code"] == "RequestTooLargeException"
            answer = await asyncio.to_thread(boto.invoke, FunctionName="succeed", InvocationType="Event", Payload=b"1")
            assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
            await until(stage.notes)
        finally:
            boto.close()
            server.close()
