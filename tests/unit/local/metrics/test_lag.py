import asyncio
from typing import Any

from local.metrics.lag import Lag
from local.metrics.meter import Meter
from local.model import KafkaSource, SqsSource

FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:count"
ORDERS = KafkaSource(
    uuid="u1",
    function_arn=FUNCTION_ARN,
    topic="orders",
    group_id="readers",
    cluster_arn="arn:aws:kafka:us-east-1:000000000000:cluster/shop/local",
)
JOBS = SqsSource(uuid="u2", function_arn=FUNCTION_ARN, queue_arn="arn:aws:sqs:us-east-1:000000000000:jobs")


class Poller:
    def __init__(self, source: KafkaSource | SqsSource, *lags: int) -> None:
        self.source = source
        self._lags = lags

    def status(self) -> dict[str, Any]:
        return {"partitions": {str(n): {"lag": lag} for n, lag in enumerate(self._lags)}}


def sampled(*pollers: Poller) -> dict[str, float]:
    meter = Meter()
    asyncio.run(Lag(meter, lambda: pollers).sample())
    return {metric.name: statistics.total for metric, statistics in meter.take().items()}


class TestLag:
    def test_is_the_sum_and_the_most_of_the_partitions(self) -> None:
        assert sampled(Poller(ORDERS, 3, 0, 5)) == {"SumOffsetLag": 8, "MaxOffsetLag": 5}

    def test_has_the_dimensions_of_msk(self) -> None:
        meter = Meter()
        asyncio.run(Lag(meter, lambda: [Poller(ORDERS, 1)]).sample())
        metric = next(iter(meter.take()))
        assert metric.namespace == "AWS/Kafka"
        assert dict(metric.dimensions) == {"Cluster Name": "shop", "Consumer Group": "readers", "Topic": "orders"}

    def test_queues_have_none(self) -> None:
        assert sampled(Poller(JOBS)) == {}
