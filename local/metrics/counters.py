"""Metrics that the platform itself reports."""

from collections.abc import Mapping

from local.model import KafkaSource

from .meter import Meter, Metric


class Counters:
    """Metrics of one namespace, each under every one of the sets of `dimensions`."""

    def __init__(self, meter: Meter, namespace: str, *dimensions: Mapping[str, str]) -> None:
        self._meter = meter
        self._namespace = namespace
        self._dimensions = [tuple(sorted(each.items())) for each in dimensions]
        self._metrics: dict[str, list[Metric]] = {}

    def add(self, name: str, value: float, unit: str = "Count") -> None:
        """The unit of a name is that of its first value."""
        metrics = self._metrics.get(name)
        if metrics is None:
            metrics = [Metric(self._namespace, name, unit, dimensions) for dimensions in self._dimensions]
            self._metrics[name] = metrics
        for metric in metrics:
            self._meter.add(metric, value)


def of_function(meter: Meter, name: str) -> Counters:
    return Counters(meter, "AWS/Lambda", {"FunctionName": name})


def of_api(meter: Meter, api_id: str, stage: str) -> Counters:
    return Counters(meter, "AWS/ApiGateway", {"ApiId": api_id}, {"ApiId": api_id, "Stage": stage})


def of_consumer_group(meter: Meter, source: KafkaSource) -> Counters:
    """What MSK reports of every consumer group and topic."""
    cluster = source.cluster_arn.split("/")[1]
    dimensions = {"Cluster Name": cluster, "Consumer Group": source.group_id, "Topic": source.topic}
    return Counters(meter, "AWS/Kafka", dimensions)
