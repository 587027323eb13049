"""What functions log becomes metrics, and metrics make alarms fire, in a real LocalStack."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.assembly import Assembly, Attributes, Resolver, Site
from local.assembly.templates import Stack
from local.aws import client
from local.gateway.server import Runtime
from local.metrics.meter import Meter, Metric
from local.metrics.publisher import Publisher
from local.model import Alarm, Api, Function, MetricStat, Route
from local.provision import LocalStackResources

from .conftest import app, arn, free_port

pytestmark = pytest.mark.engines

REGION = "eu-central-1"
CODE = """
import json

def sell(event, context):
    metrics = [{"Name": "Sales", "Unit": "Count"}]
    directive = {"Namespace": event["namespace"], "Dimensions": [["service"]], "Metrics": metrics}
    print(json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, "service": "till", "Sales": 3}))
    if event.get("fail"):
        raise ValueError("sold out")
"""


class Stage:
    def __init__(self, localstack: str) -> None:
        self.name = f"m-{uuid.uuid4().hex[:8]}"
        self.cloudwatch: Any = client("cloudwatch", localstack, REGION)

    def total(self, namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> float:
        now = datetime.now(UTC)
        found = self.cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=[statistic],
        )
        return float(sum(point[statistic] for point in found["Datapoints"]))

    def state(self) -> str:
        """Of the alarm that is called as the stage."""
        (alarm,) = self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return str(alarm["StateValue"])


async def eventually(holds: Callable[[], bool], *, within_s: float = 30) -> None:
    """Ask, in a thread and not too often, until it holds."""
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.3)


async def until_equal(expected: float, stage: Stage, *metric: str, **dimensions: str) -> None:
    await eventually(lambda: stage.total(*metric, **dimensions) == expected)


@pytest.fixture
def stage(localstack: str) -> Stage:
    return Stage(localstack)


@pytest.fixture
async def runtime(stage: Stage, localstack: str, interpreter: Path, tmp_path: Path) -> AsyncIterator[Runtime]:
    (tmp_path / "app.py").write_text(CODE)
    name = f"sell-{stage.name}"
    function = Function(
        logical_id="sell", name=name, arn=arn(name), handler="app.sell", code=tmp_path, timeout_s=10, memory_mb=128
    )
    route = Route(key="GET /sold", function_arn=arn(name))
    api = Api(api_id=stage.name, kind="HTTP", stage="$default", port=free_port(), routes=(route,))
    runtime = Runtime(
        app(functions=[function], apis=[api]),
        interpreter=interpreter,
        root=tmp_path,
        kafka_bootstrap=None,
        localstack_url=localstack,
        extra_env={},
    )
    await runtime.start()
    yield runtime
    await runtime.stop()


class TestRuntime:
    async def test_what_functions_log_and_what_lambda_counts(self, stage: Stage, runtime: Runtime) -> None:
        (function,) = runtime.app.functions
        for fail in (False, True):
            event = json.dumps({"namespace": stage.name, "fail": fail}).encode()
            await runtime.invoke(function.name, event)
        await until_equal(6, stage, stage.name, "Sales", service="till")
        for metric, total in (("Invocations", 2), ("Errors", 1), ("Throttles", 0)):
            await until_equal(total, stage, "AWS/Lambda", metric, FunctionName=function.name)
        assert stage.total("AWS/Lambda", "Duration", "Maximum", FunctionName=function.name) > 0
        status = runtime.status()["metrics"]
        assert status["sent"] > 0
        assert status["last_error"] is None

    async def test_apis_count_their_requests(self, stage: Stage, runtime: Runtime) -> None:
        api, name = runtime.app.apis[0], runtime.app.functions[0].name
        for path in ("/sold", "/elsewhere"):
            reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
            writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            async with asyncio.timeout(20):
                await reader.read()
            writer.close()
        assert runtime.status()["functions"][name]["errors"] == 1
        for metric, total in (("Count", 2), ("4xx", 1), ("5xx", 1)):
            for dimensions in ({"ApiId": api.api_id}, {"ApiId": api.api_id, "Stage": "$default"}):
                await until_equal(total, stage, "AWS/ApiGateway", metric, **dimensions)
        assert stage.total("AWS/ApiGateway", "IntegrationLatency", "SampleCount", ApiId=api.api_id) == 1


class TestPublisher:
    async def test_alarm_fires(self, stage: Stage, localstack: str) -> None:
        stage.cloudwatch.put_metric_alarm(
            AlarmName=stage.name,
            Namespace=stage.name,
            MetricName="Errors",
            Statistic="Sum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )

        meter = Meter()
        publisher = Publisher(meter, url=localstack, region=REGION, interval_s=0.2)
        publisher.start()
        try:
            meter.add(Metric(stage.name, "Errors", "Count"), 3)
            await eventually(lambda: stage.state() == "ALARM", within_s=60)
        finally:
            await publisher.stop()

    async def test_state_set_by_hand_lasts_until_the_alarm_is_evaluated(self, stage: Stage, localstack: str) -> None:
        series = {"Namespace": stage.name, "MetricName": "Latency"}
        comparison = "GreaterThanThreshold"
        stage.cloudwatch.put_metric_alarm(
            AlarmName=stage.name,
            **series,
            ExtendedStatistic="p99",
            Period=10,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator=comparison,
        )
        stat = MetricStat(namespace=stage.name, name="Latency", dimensions=(), period_s=10, statistic="p99")
        alarm = Alarm(
            name=stage.name,
            metrics={"latency": stat},
            watched="latency",
            operator=comparison,
            threshold=2,
            periods=1,
            datapoints=1,
            missing="notBreaching",
        )
        publisher = Publisher(Meter(), url=localstack, region=REGION, interval_s=0.2)
        publisher.watch([alarm])
        stage.cloudwatch.set_alarm_state(AlarmName=stage.name, StateValue="ALARM", StateReason="a test")
        publisher.start()
        try:
            await eventually(lambda: stage.state() == "OK")
        finally:
            await publisher.stop()
        assert publisher.status()["alarms"] == {stage.name: "OK"}
        assert publisher.last_error is None

    async def test_what_was_not_taken_goes_later(self, stage: Stage, localstack: str) -> None:
        meter = Meter()
        metric = Metric(stage.name, "Sales", "Count")
        away = Publisher(meter, url="http://127.0.0.1:9", region=REGION, interval_s=2)
        meter.add(metric, 1)
        away.start()
        try:
            await eventually(lambda: away.last_error is not None, within_s=60)
        finally:
            await away.stop()
        meter.add(metric, 2)
        back = Publisher(meter, url=localstack, region=REGION, interval_s=0.05)
        back.start()
        try:
            await until_equal(3, stage, stage.name, "Sales")
        finally:
            await back.stop()


class TestProvision:
    def test_alarm_without_a_name_gets_one_and_one_that_localstack_refuses_is_left_out(
        self, stage: Stage, localstack: str
    ) -> None:
        common = {"Namespace": stage.name, "MetricName": "Latency", "Period": 60, "EvaluationPeriods": 1}
        common |= {"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
        resources = {
            name: {"Type": "AWS::CloudWatch::Alarm", "Properties": common | {"ExtendedStatistic": statistic}}
            for name, statistic in (("Late", "p99"), ("Trimmed", "tm99"))
        }
        assembly = Assembly({stage.name: Stack(stage.name, {"Resources": resources})})
        attributes = Attributes(kafka="127.0.0.1:1", valkey="127.0.0.1:2", postgres="127.0.0.1:3")
        resolver = Resolver(assembly, Site(REGION, "000000000000"), attributes)
        LocalStackResources(localstack, resolver, attributes).provision_alarms()
        found = stage.cloudwatch.describe_alarms(AlarmNamePrefix=stage.name)["MetricAlarms"]
        assert [alarm["AlarmName"] for alarm in found] == [f"{stage.name}-Late"]
