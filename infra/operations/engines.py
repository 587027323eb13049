"""The dashboard's part about the engines: where to look when users are not fine and the functions are."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.operations.alarms import MINUTE, metric
from infra.stacks.data import DataStack
from infra.stacks.streams import BROKERS, StreamsStack

WIDTH, HEIGHT = 24, 6
"""Of the page and of a row, in CloudWatch's units."""


def engines(data: DataStack, streams: StreamsStack) -> list[cloudwatch.IWidget]:
    """A row for each pair of engines."""
    return [*_kafka(streams), *_keyspaces(data), *_valkey(data), *_postgres(data), *_account()]


def _kafka(streams: StreamsStack) -> list[cloudwatch.IWidget]:
    def of_each(name: str, statistic: str) -> dict[str, cloudwatch.Metric]:
        return {
            f"broker {broker}": metric(
                "AWS/Kafka", name, {"Cluster Name": streams.cluster_name, "Broker ID": str(broker)}, statistic=statistic
            )
            for broker in range(1, BROKERS + 1)
        }

    return [
        graph("Kafka: processors, % (user)", of_each("CpuUser", "avg")),
        graph("Kafka: disks, %", of_each("KafkaDataLogsDiskUsed", "max")),
        graph("Kafka: until an append is acknowledged, ms", of_each("ProduceTotalTimeMsMean", "avg")),
        graph("Kafka: partitions with too few replicas", of_each("UnderReplicatedPartitions", "max")),
    ]


def _keyspaces(data: DataStack) -> list[cloudwatch.IWidget]:
    def of_each(name: str, statistic: str) -> dict[str, cloudwatch.Metric]:
        return {
            f"{table} {operation}": metric(
                "AWS/Cassandra",
                name,
                {"Keyspace": data.tables.keyspace, "TableName": table, "Operation": operation},
                statistic=statistic,
            )
            for table, operation in (("events", "INSERT"), ("events", "SELECT"), ("heads", "SELECT"))
        }

    return [
        graph("Keyspaces: latency, ms", of_each("SuccessfulRequestLatency", "avg")),
        graph("Keyspaces: failures of its own", of_each("SystemErrors", "sum")),
        graph("Keyspaces: refused", of_each("UserErrors", "sum")),
        graph("Keyspaces: partitions at their limit", of_each("StoragePartitionThroughputCapacityExceeded", "sum")),
    ]


def _valkey(data: DataStack) -> list[cloudwatch.IWidget]:
    def of_cache(name: str, statistic: str) -> cloudwatch.Metric:
        return metric("AWS/ElastiCache", name, {"clusterId": data.cache.name}, statistic=statistic)

    latencies = {
        "read": of_cache("SuccessfulReadRequestLatency", "avg"),
        "write": of_cache("SuccessfulWriteRequestLatency", "avg"),
    }
    return [
        graph("Valkey: latency, µs", latencies),
        graph("Valkey: bytes", {"stored": of_cache("BytesUsedForCache", "max")}),
        graph("Valkey: processing units", {"used": of_cache("ElastiCacheProcessingUnits", "sum")}),
        graph("Valkey: throttled", {"commands": of_cache("ThrottledCmds", "sum")}),
    ]


def _postgres(data: DataStack) -> list[cloudwatch.IWidget]:
    cluster, of_proxy = data.database.cluster, {"ProxyName": data.database.proxy.db_proxy_name}
    busy = {
        "processors": cluster.metric_cpu_utilization(period=MINUTE),
        "capacity": cluster.metric_acu_utilization(period=MINUTE),
    }
    connections = {
        "to the database": metric("AWS/RDS", "DatabaseConnections", of_proxy),
        "allowed": metric("AWS/RDS", "MaxDatabaseConnectionsAllowed", of_proxy),
        "of functions": metric("AWS/RDS", "ClientConnections", of_proxy),
    }
    waited = {"a connection": metric("AWS/RDS", "DatabaseConnectionsBorrowLatency", of_proxy, statistic="avg")}
    return [
        graph("PostgreSQL: %", busy),
        graph("PostgreSQL: connections", connections),
        graph("PostgreSQL: waiting for, µs", waited),
    ]


def _account() -> list[cloudwatch.IWidget]:
    claimed = {"claimed": metric("AWS/Lambda", "ClaimedAccountConcurrency", {}, statistic="max")}
    return [graph("Lambda: executions of the account", claimed)]


def graph(
    title: str, lines: Mapping[str, cloudwatch.Metric | cloudwatch.MathExpression], *, width: int = 6
) -> cloudwatch.GraphWidget:
    """Lines from zero up, with their names below."""
    return cloudwatch.GraphWidget(
        title=title,
        left=[line.with_(label=label) for label, line in lines.items()],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        width=width,
        height=HEIGHT,
    )
