"""A Kafka topic, a function that writes down what it gets, and a runtime that joins them."""

import json
import uuid
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.engines import Engines
from local.gateway.server import Runtime
from local.model import App, Function, KafkaSource

NAME = "shop-f"
ARN = f"arn:aws:lambda:eu-central-1:000000000000:function:{NAME}"

CODE = """
import json, os, time
from base64 import b64decode

def records(event):
    return [record for lane in event["records"].values() for record in lane]

def note(**what):
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps(what) + "\\n")

def take(event, context):
    for lane, taken in event["records"].items():
        values = [b64decode(record["value"]).decode() for record in taken]
        note(lane=lane, values=values, pid=os.getpid(), together=len(event["records"]))
    values = [b64decode(record["value"]).decode() for record in records(event)]
    if any(value.startswith("poison") for value in values):
        raise ValueError("poison")
    return {}

def linger(event, context):
    take(event, context)
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.01)
    note(ended=os.getpid())

FAILED = set()

def take_part(event, context):
    for record in records(event):
        lane, value = f"{record['topic']}-{record['partition']}", b64decode(record["value"]).decode()
        if value.startswith("once") and value not in FAILED:
            FAILED.add(value)
            return {"batchItemFailures": [{"itemIdentifier": {"partition": lane, "offset": record["offset"]}}]}
        note(lane=lane, values=[value])
    return {}
"""


class Stage:
    """A topic, a function that notes what it gets, and runtimes that join them."""

    def __init__(self, engines: Engines, interpreter: Path, root: Path) -> None:
        self.bootstrap = engines.kafka.address
        self._engines = engines
        self.topic = f"t-{uuid.uuid4().hex[:8]}"
        self._root = root
        self._interpreter = interpreter
        self._record = root / "record.jsonl"
        self.gate = root / "gate"
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
            name=NAME,
            arn=ARN,
            handler=f"app.{handler}",
            code=self._root / "code",
            environment={"RECORD": str(self._record), "GATE": str(self.gate)},
            timeout_s=10,
            provisioned_concurrency=1,
        )
        fields: dict[str, object] = {
            "uuid": "u1",
            "function_arn": ARN,
            "topic": self.topic,
            "group_id": f"group-{self.topic}",
            "cluster_arn": "arn:aws:kafka:eu-central-1:000000000000:cluster/c/1",
            "batch_size": 10,
            "window_s": 0.0,
            **settings,
        }
        source = KafkaSource(**fields)  # type: ignore[arg-type]
        return Runtime(
            App(
                region="eu-central-1",
                account="000000000000",
                functions=(function,),
                apis=(),
                kafka_sources=(source,),
                deploy_tasks=(),
                outputs={},
                not_imitated=(),
            ),
            interpreter=self._interpreter,
            root=self._root,
            kafka_bootstrap=self.bootstrap,
            engines={"kafka": self._engines.kafka},
            extra_env={},
        )

    def produce(self, values: list[str], *, partition: int = 0) -> None:
        for value in values:
            self._producer.produce(self.topic, value.encode(), key=b"k", partition=partition)
        assert self._producer.flush(30) == 0

    def taken(self, partition: int = 0) -> list[str]:
        """What the function got of one partition, repeats included."""
        lane = f"{self.topic}-{partition}"
        return [value for note in self.notes("values") if note["lane"] == lane for value in note["values"]]

    def notes(self, kind: str) -> list[dict[str, Any]]:
        """What functions have written down so far, of one kind."""
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [note for note in map(json.loads, lines) if kind in note]


def lag(runtime: Runtime) -> int:
    return int(runtime.status()["sources"][0]["lag"])
