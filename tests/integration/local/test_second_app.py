"""A small CDK app that is not ours, synthesized and run as ours is: nothing in the local cloud is made for one app."""

import asyncio
import gzip
import json
import shutil
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from confluent_kafka import Producer
from websockets.asyncio.client import connect

from local.aws import client
from local.cloud import Cloud
from local.faults import Restart

from .conftest import ROOT

pytestmark = pytest.mark.engines

APP = ROOT / "tests" / "integration" / "second_app"
GREETING = "hello, shop: Create"


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory, interpreter: Path) -> AsyncIterator[Cloud]:
    """The app in a folder of its own, with this project's Python environments."""
    root = tmp_path_factory.mktemp("second") / "app"
    shutil.copytree(APP, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(sys.prefix)
    (root / ".local" / "venvs").mkdir(parents=True)
    (root / ".local" / "venvs" / "runtime").symlink_to(interpreter.parents[1])
    async with Cloud(root) as cloud:
        yield cloud


@pytest.fixture
def seen(shop: Cloud) -> "Queue":
    return Queue(shop, "Seen")


_PASSED_OVER: dict[str, list[str]] = {}
"""What nobody has wanted yet, of each queue: another test may."""


class Queue:
    """One of the app's queues, by its output."""

    def __init__(self, shop: Cloud, name: str) -> None:
        self.url = shop.app.outputs[f"{name}Url"]
        self.passed_over = _PASSED_OVER.setdefault(name, [])
        self.sqs: Any = client("sqs", shop.engines.localstack.address, shop.app.region)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def _receive(self) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    async def find(self, *wanted: Callable[[str], bool]) -> list[str]:
        """For each of these a message of which it is true, in their order; other messages wait for others."""
        found: dict[int, str] = {}
        async with asyncio.timeout(60):
            while len(found) < len(wanted):
                bodies = [*self.passed_over, *await asyncio.to_thread(self._receive)]
                self.passed_over.clear()
                for body in bodies:
                    matching = {n: body for n, is_wanted in enumerate(wanted) if is_wanted(body)}
                    found |= matching
                    if not matching:
                        self.passed_over.append(body)
        return [found[n] for n in range(len(wanted))]


def told(what: str, value: str) -> Callable[[str], bool]:
    """A function got `value`, and signs with what the custom resource gave it."""
    return lambda body: bool(json.loads(body) == {"what": what, "value": value, "greeting": GREETING})


def has(text: str) -> Callable[[str], bool]:
    return lambda body: text in body


def changed(alarm: str, state: str) -> Callable[[str], bool]:
    """A topic's message that the alarm is in this state now."""

    def is_it(body: str) -> bool:
        notice = json.loads(body) if "AlarmName" in body else {}
        return (notice.get("AlarmName"), notice.get("NewStateValue")) == (alarm, state)

    return is_it


def state_of(shop: Cloud, alarm: str) -> str:
    cloudwatch: Any = client("cloudwatch", shop.engines.localstack.address, shop.app.region)
    (found,) = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return str(found["StateValue"])


async def order(shop: Cloud, number: str) -> Any:
    url = f"{shop.app.outputs['HttpUrl']}/orders/{number}"
    with await asyncio.to_thread(partial(urllib.request.urlopen, url, timeout=20)) as answer:
        return json.load(answer)


class TestSecondApp:
    async def test_websocket_echoes(self, shop: Cloud) -> None:
        async with connect(shop.app.outputs["WebSocketUrl"], proxy=None) as socket:
            await socket.send("hello")
            async with asyncio.timeout(20):
                assert json.loads(await socket.recv()) == {"text": "hello", "greeting": GREETING}

    async def test_custom_resource_is_made_and_its_answer_known(self, shop: Cloud) -> None:
        assert shop.app.outputs["Greeted"] == GREETING
        assert json.loads(shop.outputs_file.read_text())["Greeted"] == GREETING

    async def test_stream_is_consumed(self, shop: Cloud, seen: Queue) -> None:
        producer = Producer({"bootstrap.servers": shop.engines.kafka.address})
        for n in range(4):
            producer.produce("orders", f"order-{n}".encode(), key=str(n).encode())
        assert await asyncio.to_thread(producer.flush, 20) == 0
        await seen.find(*(told("order", f"order-{n}") for n in range(4)))

    async def test_jobs_are_done_and_bad_ones_set_aside(self, shop: Cloud, seen: Queue) -> None:
        Queue(shop, "Jobs").send("good", "bad")
        await seen.find(told("job", "good"))
        assert await Queue(shop, "Dead").find(has("bad")) == ["bad"]

    async def test_failed_asynchronous_event_is_recorded(self, shop: Cloud) -> None:
        shop.runtime.functions.invoke_async("shop-work", b'{"not": "one"}')
        (record,) = map(json.loads, await Queue(shop, "Dead").find(has("requestContext")))
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["requestPayload"] == {"not": "one"}

    async def test_schedule_runs(self, shop: Cloud, seen: Queue) -> None:
        shop.runtime.schedules.trigger("shop-daily")
        await seen.find(told("sweep", "Scheduled Event"))

    async def test_topic_reaches_queue_and_function(self, shop: Cloud, seen: Queue) -> None:
        sns: Any = client("sns", shop.engines.localstack.address, shop.app.region)
        sns.publish(TopicArn=shop.app.outputs["NewsArn"], Message="open")
        await seen.find(told("news", "open"))
        assert await Queue(shop, "Inbox").find(has("open")) == ["open"]

    async def test_http_route_answers_and_its_metrics_ring_alarms_that_fall_silent_again(self, shop: Cloud) -> None:
        """On a sum, which LocalStack evaluates; on a percentile, and on metric math."""
        inbox, names = Queue(shop, "Inbox"), ("shop-big", "shop-average")
        for number, state in (("x " + "x" * 18, "ALARM"), ("x", "OK")):
            assert await order(shop, quote(number)) == {"id": number, "region": shop.app.region}
            notices = await inbox.find(*(changed(name, state) for name in names))
            assert all(f"{len(number)}.0" in json.loads(notice)["NewStateReason"] for notice in notices)
            assert {name: state_of(shop, name) for name in names} == dict.fromkeys(names, state)
        assert shop.runtime.status()["metrics"]["alarms"] == dict.fromkeys(names, "OK")
        await inbox.find(changed("shop-sales", "ALARM"))

    async def test_site_shows_files_of_a_bucket_and_the_api(self, shop: Cloud) -> None:
        """With the headers, the root and the error page of the template; a mark in a file is what it stands for."""
        async with aiohttp.ClientSession(shop.app.outputs["SiteUrl"], auto_decompress=False) as session:
            async with session.get("/", headers={"accept-encoding": "gzip"}) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")
                assert answer.headers["cache-control"] == "max-age=300"
                localstack = shop.engines.localstack.address
                assert answer.headers["content-security-policy"] == f"connect-src 'self' {localstack}"
                home = await answer.read()
            async with session.get("/assets/shop-1a2b3c4d.css", headers={"accept-encoding": "gzip"}) as answer:
                assert answer.headers["content-encoding"] == "gzip"
                assert gzip.decompress(await answer.read()).startswith(b"/*")
            async with session.get("/config.json") as answer:
                assert await answer.json() == {"orders": shop.app.outputs["HttpUrl"]}
            async with session.get("/orders/") as answer:
                assert (answer.status, await answer.json()) == (404, {"message": "Not Found"})
            async with session.get("/nothing") as answer:
                assert (answer.status, await answer.read()) == (404, home)
            async with session.get("/", headers={"if-none-match": f"W/{answer.headers['etag']}"}) as answer:
                assert answer.status == 304

    async def test_what_localstack_forgets_is_made_again_and_works(self, shop: Cloud, seen: Queue) -> None:
        s3, kms = (client(name, shop.engines.localstack.address, shop.app.region) for name in ("s3", "kms"))
        s3.put_object(Bucket=shop.app.outputs["PhotosName"], Key="cake", Body=b"...")
        key_before = shop.app.outputs["KeyId"]
        await shop.faults.apply(Restart("localstack"))
        assert "Contents" not in s3.list_objects_v2(Bucket=shop.app.outputs["PhotosName"])
        assert shop.app.outputs["KeyId"] != key_before
        assert json.loads(shop.outputs_file.read_text()) == shop.app.outputs
        assert kms.describe_key(KeyId="alias/shop")["KeyMetadata"]["KeyId"] == shop.app.outputs["KeyId"]
        Queue(shop, "Jobs").send("after")
        await seen.find(told("job", "after"))
        sns: Any = client("sns", shop.engines.localstack.address, shop.app.region)
        sns.publish(TopicArn=shop.app.outputs["NewsArn"], Message="open again")
        await seen.find(told("news", "open again"))
        cloudwatch: Any = client("cloudwatch", shop.engines.localstack.address, shop.app.region)
        alarms = {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
        assert alarms == {"shop-sales", "shop-big", "shop-average"}
        async with aiohttp.request("GET", shop.app.outputs["SiteUrl"]) as answer:
            assert answer.status == 200

    async def test_what_is_not_imitated_is_listed(self, shop: Cloud) -> None:
        kinds = {kind for _, kind in shop.app.not_imitated}
        assert kinds <= {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::ApiGatewayV2::Deployment", "AWS::CDK::Metadata"}
