"""Metrics that the platform itself reports."""

from collections.abc import Mapping

from local.model import KafkaSource

from .meter import Meter, Metric


class Counters:
    """Metrics of one namespace with the same dimensions."""

    def __init__(self, meter: Meter, namespace: str, dimensions: Mapping[str, str]) -> None:
        self._meter = meter
        self._namespace = namespace
        self._dimensions = tuple(sorted(dimensions.items()))
        self._metrics: dict[str, Metric] = {}

    def add(self, name: str, value: float, unit: str = "Count") -> None:
        """The unit of a name is that of its first value."""
        metric = self._metrics.get(name)
        if metric is None:
            metric = self._metrics[name] = Metric(self._namespace, name, unit, self._dimensions)
        self._meter.add(metric, value)


def of_function(meter: Meter, name: str) -> Counters:
    return Counters(meter, "AWS/Lambda", {"FunctionName": name})


def of_api(meter: Meter, api_id: str, stage: str) -> Counters:
    """Under the stage only: LocalStack finds it when asked for the API as well, and would add up the two."""
    return Counters(meter, "AWS/ApiGateway", {"ApiId": api_id, "Stage": stage})


def of_queue(meter: Meter, name: str) -> Counters:
    return Counters(meter, "AWS/SQS", {"QueueName": name})


def of_consumer_group(meter: Meter, source: KafkaSource) -> Counters:
    """What MSK reports of every consumer group and topic."""
    cluster = source.cluster_arn.split("/")[1]
    dimensions = {"Cluster Name": cluster, "Consumer Group": source.group_id, "Topic": source.topic}
    return Counters(meter, "AWS/Kafka", dimensions)
