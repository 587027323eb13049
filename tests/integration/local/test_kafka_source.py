"""The Kafka event source on a Kafka of its own."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.engines import Engines
from local.gateway.server import Runtime
from local.model import Function, KafkaSource
from local.progress import Progress

from .conftest import app, arn, until

pytestmark = pytest.mark.engines

CODE = """
import json, os
from base64 import b64decode

def records(event):
    return [record for lane in event["records"].values() for record in lane]

def note(**what):
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps(what) + "\\n")

def take(event, context):
    values = [b64decode(record["value"]).decode() for record in records(event)]
    (lane,) = event["records"]
    note(lane=lane, values=values)
    if any(value.startswith("poison") for value in values):
        raise ValueError("poison")
    return {}

FAILED = set()

def take_part(event, context):
    (lane,) = event["records"]
    for record in records(event):
        value = b64decode(record["value"]).decode()
        if value.startswith("once") and value not in FAILED:
            FAILED.add(value)
            return {"batchItemFailures": [{"itemIdentifier": {"partition": lane, "offset": record["offset"]}}]}
        note(lane=lane, values=[value])
    return {}
"""


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    engines = Engines(tmp_path_factory.mktemp("kafka"), Progress())
    await engines.start("kafka")
    yield engines
    await engines.stop()


class Stage:
    """A topic, a function that notes what it gets, and runtimes that join them."""

    def __init__(self, engines: Engines, interpreter: Path, root: Path) -> None:
        self.bootstrap = engines.kafka.address
        self.topic = f"t-{uuid.uuid4().hex[:8]}"
        self._root = root
        self._interpreter = interpreter
        self._record = root / "record.jsonl"
        self._producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 0})
        (root / "code").mkdir()
        (root / "code" / "app.py").write_text(CODE)
        self.create(self.topic, partitions=2)

    def create(self, topic: str, *, partitions: int) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for created in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            created.result(10)

    def runtime(self, handler: str = "take", **settings: object) -> Runtime:
        function = Function(
            logical_id="f",
            name="f",
            arn=arn("f"),
            handler=f"app.{handler}",
            code=self._root / "code",
            environment={"RECORD": str(self._record)},
            timeout_s=10,
            provisioned_concurrency=1,
        )
        fields: dict[str, object] = {
            "uuid": "u1",
            "function_arn": arn("f"),
            "topic": self.topic,
            "group_id": f"group-{self.topic}",
            "cluster_arn": "arn:aws:kafka:eu-central-1:000000000000:cluster/c/1",
            "batch_size": 10,
            "window_s": 0.0,
            **settings,
        }
        source = KafkaSource(**fields)  # type: ignore[arg-type]
        return Runtime(
            app(functions=[function], sources=[source]),
            interpreter=self._interpreter,
            root=self._root,
            kafka_bootstrap=self.bootstrap,
            extra_env={},
        )

    def produce(self, values: list[str], *, partition: int = 0) -> None:
        for value in values:
            self._producer.produce(self.topic, value.encode(), key=b"k", partition=partition)
        assert self._producer.flush(30) == 0

    def taken(self, partition: int = 0) -> list[str]:
        """What the function got of one partition, repeats included."""
        lane = f"{self.topic}-{partition}"
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [value for note in map(json.loads, lines) if note["lane"] == lane for value in note["values"]]


def lag(runtime: Runtime) -> int:
    return int(runtime.status()["sources"][0]["lag"])


@pytest.fixture
def stage(engines: Engines, interpreter: Path, tmp_path: Path) -> Stage:
    return Stage(engines, interpreter, tmp_path)


class TestKafkaPoller:
    async def test_partitions_are_read_in_order_from_the_beginning(self, stage: Stage) -> None:
        first, second = [f"a{n}" for n in range(50)], [f"b{n}" for n in range(50)]
        stage.produce(first)
        stage.produce(second, partition=1)
        runtime = stage.runtime()
        await runtime.start()
        try:
            await until(lambda: len(stage.taken(0)) + len(stage.taken(1)) >= 100)
            await until(lambda: lag(runtime) == 0)
        finally:
            await runtime.stop()
        assert stage.taken(0) == first
        assert stage.taken(1) == second

    async def test_next_start_goes_on_where_the_last_one_ended(self, stage: Stage) -> None:
        stage.produce(["a", "b"])
        for expected in (2, 3):
            runtime = stage.runtime()
            await runtime.start()
            try:
                await until(lambda expected=expected: len(stage.taken()) >= expected)  # type: ignore[misc]
                await until(lambda: lag(runtime) == 0)  # noqa: B023
            finally:
                await runtime.stop()
            if expected == 2:
                stage.produce(["c"])
        assert stage.taken() == ["a", "b", "c"]

    async def test_latest_takes_only_what_is_new(self, stage: Stage) -> None:
        stage.produce(["old"])
        runtime = stage.runtime(starting_position="LATEST")
        await runtime.start()
        try:
            stage.produce(["new"])
            await until(lambda: bool(stage.taken()))
        finally:
            await runtime.stop()
        assert stage.taken() == ["new"]

    async def test_partial_failure_gives_back_the_rest_in_order(self, stage: Stage) -> None:
        values = ["a", "once-b", "c", "once-d", "e"]
        stage.produce(values)
        runtime = stage.runtime("take_part", report_item_failures=True)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) >= 5)
        finally:
            await runtime.stop()
        assert stage.taken() == values

    async def test_poison_goes_to_the_destination_and_the_lane_moves_on(self, stage: Stage) -> None:
        dead = f"{stage.topic}-dead"
        stage.create(dead, partitions=1)
        stage.produce(["a", "poison", "b"])
        runtime = stage.runtime(bisect_on_error=True, retry_attempts=1, on_failure=f"kafka://{dead}")
        await runtime.start()
        try:
            await until(lambda: "b" in stage.taken()[-1:] and lag(runtime) == 0)
            assert runtime.status()["sources"][0]["discarded"] == 1
        finally:
            await runtime.stop()
        message = await asyncio.to_thread(_first, stage.bootstrap, dead)
        assert message.value() == b"poison"
        assert message.key() == b"k"
        metadata = json.loads(dict(message.headers())["lambda-failure"])
        assert metadata["condition"] == "RetryAttemptsExhausted"
        assert metadata["offset"] == 1

    async def test_window_collects_a_batch(self, stage: Stage) -> None:
        runtime = stage.runtime(window_s=0.5)
        await runtime.start()
        try:
            for n in range(3):
                stage.produce([str(n)])
            await until(lambda: len(stage.taken()) == 3)
            assert runtime.status()["sources"][0]["batches"] == 1
        finally:
            await runtime.stop()

    async def test_restart_of_kafka_is_survived(self, stage: Stage, engines: Engines) -> None:
        runtime = stage.runtime()
        await runtime.start()
        try:
            stage.produce(["before"])
            await until(lambda: stage.taken() == ["before"])
            await engines.kafka.kill()
            await engines.kafka.start()
            stage.produce(["after"])
            await until(lambda: "after" in stage.taken(), within_s=30)
        finally:
            await runtime.stop()
        assert sorted(set(stage.taken())) == ["after", "before"]


def _first(bootstrap: str, topic: str) -> Any:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return message
    finally:
        consumer.close()
