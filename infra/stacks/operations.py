from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.blocks.alarms import MINUTE, Alarms
from infra.blocks.environment import environment
from infra.blocks.standstill import LONGEST_S, waiting
from infra.blocks.tables import TABLES
from infra.config import Stage
from infra.stacks.data import DataStack
from infra.stacks.groups import (
    FANOUT_GROUP,
    PERSIST_GROUP,
    PRESENCE_GROUP,
    PUSH_GROUP,
    RECEIPTS_GROUP,
)
from infra.stacks.services import ServicesStack
from infra.stacks.streams import BROKERS, StreamsStack
from natter import names

P99_LATENCY_MS = 1_000
WAITING_RECORDS = 1_000
WAITING_S = 60
MOST_DELAYED_S = 900
"""What a platform has refused waits for as long as a queue can keep it."""
PLATFORMS = ("apns", "apns_sandbox", "fcm", "webpush")
FAILING_PUSHES_PERCENT = 20
FEWEST_PUSHES = 10
"""A minute, of a platform; of fewer, a share says little."""
PUSH_AGE_MS = 35_000
"""Longer nobody waits for a push by intent but who is spared many: the half minute of who is online elsewhere, and what
handing it over takes."""
ERASURE_AGE_MS = 6 * 3600 * 1000


class OperationsStack(Stack):
    """The alarms: each says what a user notices or will notice soon."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        streams: StreamsStack,
        services: ServicesStack,
    ) -> None:
        super().__init__(scope, id_, env=environment(stage))
        self._alarms, self._namespace = Alarms(self, stage=stage, key=data.key), stage.metrics
        self._functions(services)
        self._gateways(services)
        self._log(streams)
        self._queues(services)
        self._stores(stage, data)
        self._pushes()
        self._erasures()
        self._registry()
        self._set_aside()

    def _functions(self, services: ServicesStack) -> None:
        for name, function in services.functions.made.items():
            self._alarm(f"{name}-errors", function.metric_errors(period=MINUTE, statistic="sum"), above=0, minutes=2)
            self._alarm(
                f"{name}-throttles", function.metric_throttles(period=MINUTE, statistic="sum"), above=0, minutes=2
            )

    def _gateways(self, services: ServicesStack) -> None:
        sockets = services.functions.sockets.api.api_id
        dimensions = {"ApiId": sockets, "Stage": services.functions.sockets.stage.stage_name}
        self._alarm(
            "http-5xx", services.functions.http.api.metric_server_error(period=MINUTE, statistic="sum"), above=5
        )
        for metric in ("IntegrationError", "ExecutionError"):
            self._alarm(f"sockets-{metric.lower()}", _metric("AWS/ApiGateway", metric, dimensions), above=5)
        self._alarm(
            "sockets-latency-p99",
            _metric("AWS/ApiGateway", "IntegrationLatency", dimensions, statistic="p99"),
            above=P99_LATENCY_MS,
            minutes=5,
        )
        self._alarm(
            "http-latency-p99",
            services.functions.http.api.metric_integration_latency(period=MINUTE, statistic="p99"),
            above=P99_LATENCY_MS,
            minutes=5,
        )

    def _log(self, streams: StreamsStack) -> None:
        cluster = {"Cluster Name": streams.cluster_name}
        for name, group, topic in (
            ("persist", PERSIST_GROUP, names.COMMANDS_TOPIC),
            ("fanout", FANOUT_GROUP, names.FANOUT_TOPIC),
            ("receipts", RECEIPTS_GROUP, names.RECEIPTS_TOPIC),
            ("presence", PRESENCE_GROUP, names.CONNECTIONS_TOPIC),
            ("push", PUSH_GROUP, names.EVENTS_TOPIC),
        ):
            lag = {**cluster, "Consumer Group": group, "Topic": topic}
            self._alarm(
                f"{name}-lag",
                _metric("AWS/Kafka", "SumOffsetLag", lag, statistic="max"),
                above=WAITING_RECORDS,
                minutes=3,
            )
            self._alarm(
                f"{name}-stuck-partition",
                _metric("AWS/Kafka", "MaxOffsetLag", lag, statistic="max"),
                above=WAITING_RECORDS // 2,
                minutes=3,
            )
            oldest = waiting(self._namespace, streams.cluster_name, function=name, group=group, topic=topic)
            self._alarm(f"{name}-standstill", oldest, above=LONGEST_S)
        self._alarm(
            "kafka-offline-partitions",
            _metric("AWS/Kafka", "OfflinePartitionsCount", cluster, statistic="max"),
            above=0,
        )
        for broker in range(1, BROKERS + 1):
            dimensions = {**cluster, "Broker ID": str(broker)}
            self._alarm(
                f"kafka-under-replicated-{broker}",
                _metric("AWS/Kafka", "UnderReplicatedPartitions", dimensions, statistic="max"),
                above=0,
                minutes=5,
            )
            self._alarm(
                f"kafka-refuses-connections-{broker}",  # functions that start, more than the broker lets sign in
                _metric("AWS/Kafka", "IAMTooManyConnections", dimensions, statistic="max"),
                above=0,
                minutes=3,
            )
            self._alarm(
                f"kafka-disk-{broker}",
                _metric("AWS/Kafka", "KafkaDataLogsDiskUsed", dimensions, statistic="max"),
                above=75,
                minutes=5,
            )

    def _queues(self, services: ServicesStack) -> None:
        """Work that is done late, and work that came to nothing."""
        for name, queue, waiting_s in (
            ("slices", services.functions.queues.slices, WAITING_S),
            ("files", services.functions.queues.files, WAITING_S),
            ("looks", services.functions.queues.looks, WAITING_S),
            ("waves", services.functions.queues.waves, WAITING_S + MOST_DELAYED_S),
            ("crowds", services.functions.queues.crowds, WAITING_S + MOST_DELAYED_S),
            ("rebuilds", services.functions.queues.rebuilds, WAITING_S),
            ("closures", services.functions.queues.closures, WAITING_S),
        ):
            self._alarm(f"{name}-age", queue.metric_oldest_age(period=MINUTE), above=waiting_s, minutes=3)
            self._alarm(f"{name}-dead", queue.metric_dead(period=MINUTE), above=0)

    def _stores(self, stage: Stage, data: DataStack) -> None:
        cluster = data.database.cluster
        self._alarm("postgres-cpu", cluster.metric_cpu_utilization(period=MINUTE), above=85, minutes=10)
        if stage.database_acu is not None:
            self._alarm("postgres-capacity", cluster.metric_acu_utilization(period=MINUTE), above=90, minutes=10)
        for table in TABLES:
            failures = {
                operation.lower(): _metric(
                    "AWS/Cassandra",
                    "SystemErrors",
                    {"Keyspace": data.tables.keyspace, "TableName": table.name, "Operation": operation},
                )
                for operation in ("SELECT", "INSERT", "UPDATE", "DELETE")
            }
            total = cloudwatch.MathExpression(
                expression="SUM(METRICS())", using_metrics=failures, label="SystemErrors", period=MINUTE
            )
            self._alarm(f"keyspaces-{table.name}-errors", total, above=0, minutes=2)

    def _pushes(self) -> None:
        """Devices that are not woken, or late (docs/runbooks/pushes.md). The metrics are the function's own."""
        failing = ("refused", "unknown", "invalid", "unconfigured")
        for platform in PLATFORMS:
            counts = {
                outcome: _pushes(self._namespace, platform, outcome) for outcome in ("accepted", "dead", *failing)
            }
            failed, total = " + ".join(f"FILL({outcome}, 0)" for outcome in failing), "SUM(FILL(METRICS(), 0))"
            share = cloudwatch.MathExpression(
                expression=f"IF({total} >= {FEWEST_PUSHES}, 100 * ({failed}) / {total}, 0)",
                using_metrics=counts,
                label="Percent",
                period=MINUTE,
            )
            self._alarm(f"pushes-{platform}-failing", share, above=FAILING_PUSHES_PERCENT, minutes=5)
        invalid = {platform: _pushes(self._namespace, platform, "invalid") for platform in PLATFORMS}
        total_invalid = cloudwatch.MathExpression(
            expression="SUM(METRICS())", using_metrics=invalid, label="Invalid", period=MINUTE
        )
        self._alarm("pushes-invalid", total_invalid, above=0)
        age = _metric(self._namespace, "PushAge", {"service": "wake"}, statistic="p50")
        self._alarm("push-age", age, above=PUSH_AGE_MS, minutes=5)

    def _erasures(self) -> None:
        """Somebody was promised to be forgotten. The metric is the function's own (`natter.telemetry`)."""
        age = _metric(self._namespace, "ErasureAge", {"service": "erase"}, statistic="max")
        self._alarm("erasure-age", age, above=ERASURE_AGE_MS, minutes=3)

    def _registry(self) -> None:
        """Connections are unknown, and rebuilding does not come to an end. The metric is the function's own."""
        lost = _metric(self._namespace, "RegistryPartsLost", {"service": "rebuild"})
        self._alarm("registry-lost", lost, above=0, minutes=3)

    def _set_aside(self) -> None:
        """What was accepted and can never be processed: its sender was told otherwise. Each one is looked at."""
        for name in ("persist", "fanout", "receipts", "presence"):
            set_aside = _metric(self._namespace, "RecordsSetAside", {"service": name})
            self._alarm(f"{name}-set-aside", set_aside, above=0)

    def _alarm(self, name: str, metric: cloudwatch.IMetric, *, above: float, minutes: int = 1) -> None:
        self._alarms.alarm(name, metric, above=above, minutes=minutes)


def _pushes(namespace: str, platform: str, outcome: str) -> cloudwatch.Metric:
    return _metric(namespace, f"Pushes{outcome.title()}", {"Platform": platform, "service": "wake"})


def _metric(namespace: str, name: str, dimensions: dict[str, str], *, statistic: str = "sum") -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic, period=MINUTE
    )
