"""The SQS event source on a real LocalStack."""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.gateway.server import Runtime
from local.model import Function, SqsSource

from .conftest import app, arn, until

pytestmark = pytest.mark.engines

REGION = "eu-central-1"
CODE = """
import fcntl, json, os, time

def note(**what):
    with open(os.environ["RECORD"], "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(what) + "\\n")

def take(event, context):
    bodies = [record["body"] for record in event["Records"]]
    note(bodies=bodies, event=event)
    if any(body.startswith("poison") for body in bodies):
        raise ValueError("poison")

def take_part(event, context):
    note(bodies=[record["body"] for record in event["Records"]], event=event)
    first = [record for record in event["Records"] if record["attributes"]["ApproximateReceiveCount"] == "1"]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in first
                                  if record["body"].startswith("once")]}

def linger(event, context):
    note(bodies=[], began=time.time())
    time.sleep(0.3)
    note(bodies=[record["body"] for record in event["Records"]], ended=time.time())
"""


class Stage:
    """A queue with a dead-letter queue, a function that notes what it gets, and runtimes that join them."""

    def __init__(self, localstack: str, interpreter: Path, root: Path) -> None:
        self.name = f"q-{uuid.uuid4().hex[:8]}"
        self.sqs: Any = boto3.client(
            "sqs",
            endpoint_url=localstack,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(connect_timeout=5, read_timeout=30),
        )
        self._localstack = localstack
        self._interpreter = interpreter
        self._root = root
        self._record = root / "record.jsonl"
        (root / "code").mkdir()
        (root / "code" / "app.py").write_text(CODE)
        self.dead = self.create(f"{self.name}-dead")
        redrive = {"deadLetterTargetArn": self.arn(f"{self.name}-dead"), "maxReceiveCount": 2}
        self.url = self.create(self.name, VisibilityTimeout="30", RedrivePolicy=json.dumps(redrive))

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:{REGION}:000000000000:{queue}"

    def create(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def runtime(
        self, handler: str = "take", *, reserved: int | None = None, provisioned: int = 1, **settings: object
    ) -> Runtime:
        function = Function(
            logical_id="f",
            name="f",
            arn=arn("f"),
            handler=f"app.{handler}",
            code=self._root / "code",
            environment={"RECORD": str(self._record)},
            timeout_s=10,
            reserved_concurrency=reserved,
            provisioned_concurrency=provisioned,
        )
        fields: dict[str, object] = {"uuid": "u1", "function_arn": arn("f"), "queue_arn": self.arn(self.name)}
        return Runtime(
            app(functions=[function], queues=[SqsSource(**(fields | settings))]),  # type: ignore[arg-type]
            interpreter=self._interpreter,
            root=self._root,
            kafka_bootstrap=None,
            localstack_url=self._localstack,
            extra_env={},
        )

    def show_again_after(self, seconds: int) -> None:
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"VisibilityTimeout": str(seconds)})

    def send(self, *bodies: str, **more: object) -> None:
        entries = [{"Id": str(n), "MessageBody": body, **more} for n, body in enumerate(bodies)]
        answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        assert "Failed" not in answer

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._record.read_text().splitlines()] if self._record.exists() else []

    def taken(self) -> list[str]:
        """The bodies that the function got, repeats included."""
        return [body for note in self.notes() for body in note["bodies"]]

    def left(self, url: str = "") -> int:
        """Messages in the queue, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def status(runtime: Runtime) -> dict[str, Any]:
    return dict(runtime.status()["sources"][0])


@pytest.fixture
def stage(localstack: str, interpreter: Path, tmp_path: Path) -> Stage:
    return Stage(localstack, interpreter, tmp_path)


class TestSqsPoller:
    async def test_what_succeeded_is_deleted(self, stage: Stage) -> None:
        stage.send("a", "b", "c")
        runtime = stage.runtime()
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) == 3)
            await until(lambda: stage.left() == 0)
            assert status(runtime)["records"] == 3
            assert status(runtime)["queue"] == stage.name
        finally:
            await runtime.stop()
        assert sorted(stage.taken()) == ["a", "b", "c"]

    async def test_event_is_that_of_aws(self, stage: Stage) -> None:
        attribute = {"kind": {"DataType": "String", "StringValue": "letter"}}
        stage.send("hello", MessageAttributes=attribute)
        runtime = stage.runtime()
        await runtime.start()
        try:
            await until(stage.taken)
        finally:
            await runtime.stop()
        (record,) = stage.notes()[0]["event"]["Records"]
        uuid.UUID(record["messageId"])
        assert record["receiptHandle"]
        assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= record["attributes"].keys()
        assert record["messageAttributes"]["kind"]["stringValue"] == "letter"
        assert (record["eventSource"], record["awsRegion"]) == ("aws:sqs", REGION)
        assert record["eventSourceARN"] == stage.arn(stage.name)

    async def test_what_is_reported_as_failed_comes_again(self, stage: Stage) -> None:
        stage.show_again_after(3)
        stage.send("a", "once-b", "c")
        runtime = stage.runtime("take_part", report_item_failures=True)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) >= 4)
            await until(lambda: stage.left() == 0)
        finally:
            await runtime.stop()
        assert sorted(stage.taken()) == ["a", "c", "once-b", "once-b"]
        assert stage.left(stage.dead) == 0

    async def test_error_gives_the_whole_batch_back_until_it_is_dead(self, stage: Stage) -> None:
        stage.show_again_after(1)
        stage.send("poison", "bystander")
        runtime = stage.runtime()
        await runtime.start()
        try:
            await until(lambda: stage.left(stage.dead) >= 1)
            await until(lambda: stage.left() == 0)
            assert status(runtime)["failures"] >= 2
        finally:
            await runtime.stop()
        assert stage.taken().count("poison") == 2
        dead = stage.sqs.receive_message(QueueUrl=stage.dead, MaxNumberOfMessages=10)["Messages"]
        assert "poison" in {message["Body"] for message in dead}

    async def test_batch_size_is_respected(self, stage: Stage) -> None:
        stage.send(*[str(n) for n in range(5)])
        runtime = stage.runtime(batch_size=2)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) == 5)
        finally:
            await runtime.stop()
        assert max(len(note["bodies"]) for note in stage.notes()) <= 2

    async def test_window_collects_a_batch_beyond_ten(self, stage: Stage) -> None:
        for first in range(0, 25, 5):
            stage.send(*[str(n) for n in range(first, first + 5)])
        runtime = stage.runtime(batch_size=25, window_s=20.0)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) == 25)
        finally:
            await runtime.stop()
        assert [len(note["bodies"]) for note in stage.notes()] == [25]

    async def test_no_more_batches_at_once_than_allowed(self, stage: Stage) -> None:
        stage.send(*[str(n) for n in range(6)])
        runtime = stage.runtime("linger", provisioned=3, batch_size=1, max_concurrency=2)
        await runtime.start()
        try:
            await until(lambda: len(set(stage.taken())) == 6)
        finally:
            await runtime.stop()
        changes = sorted((note["began"], 1) if "began" in note else (note["ended"], -1) for note in stage.notes())
        under_way = [sum(change for _, change in changes[: n + 1]) for n in range(len(changes))]
        assert max(under_way) == 2

    async def test_throttled_batches_are_tried_again(self, stage: Stage) -> None:
        stage.send(*[str(n) for n in range(4)])
        runtime = stage.runtime("linger", reserved=1, batch_size=1)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) == 4)
            assert runtime.status()["functions"]["f"]["throttles"] > 0
        finally:
            await runtime.stop()
        assert sorted(stage.taken()) == ["0", "1", "2", "3"]

    async def test_delayed_message_comes_when_its_delay_is_over(self, stage: Stage) -> None:
        sent = time.time()
        stage.send("late", DelaySeconds=1)
        runtime = stage.runtime("linger")
        await runtime.start()
        try:
            await until(stage.taken)
        finally:
            await runtime.stop()
        assert stage.notes()[0]["began"] - sent >= 0.9

    async def test_queue_may_be_away_for_a_while(self, stage: Stage) -> None:
        runtime = stage.runtime()
        await runtime.start()
        try:
            stage.sqs.delete_queue(QueueUrl=stage.url)
            await until(lambda: "QueueDoesNotExist" in (status(runtime)["last_error"] or ""), within_s=40)
            stage.create(stage.name)
            stage.send("after")
            await until(lambda: stage.taken() == ["after"])
        finally:
            await runtime.stop()

    async def test_stop_does_not_wait_for_the_long_poll(self, stage: Stage) -> None:
        runtime = stage.runtime()
        await runtime.start()
        async with asyncio.timeout(5):
            await runtime.stop()

    async def test_source_that_is_off_takes_nothing(self, stage: Stage) -> None:
        stage.send("a")
        runtime = stage.runtime(enabled=False)
        await runtime.start()
        try:
            assert runtime.status()["sources"] == []
        finally:
            await runtime.stop()
        assert stage.left() == 1
