"""Alarms on Keyspaces, PostgreSQL, Valkey and S3."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.blocks.tables import TABLES
from infra.config import Stage
from infra.operations.alarms import MINUTE, Alarms, Because, Own, metric
from infra.operations.levels import DAY_S
from infra.stacks.data import DataStack
from natter import metrics

READS, WRITES = ("SELECT",), ("INSERT", "UPDATE", "DELETE")
BORROWED_WITHIN_US = 100_000
MOST_PERCENT = 80
GB = 1_000_000_000
HOUR = Duration.hours(1)
LATE_DAYS = 7
"""After its day a rotation is still tried again."""


def keyspaces(alarms: Alarms, data: DataStack) -> None:
    """
    Keyspaces Developer Guide, "Amazon Keyspaces metrics and dimensions". `SystemErrors` are its own, `UserErrors` what
    it takes for ours; throttling is by table, by partition (1,000 writes, 3,000 reads a second) or by connection (3,000
    requests a second), and reaches the driver as a time-out.
    """
    for table in TABLES:
        own = _Table(data.tables.keyspace, table.name)
        alarms.ticket(
            f"keyspaces-{table.name}-errors",
            _sum(own.by("SystemErrors", *READS, *WRITES), "SystemErrors"),
            Because(
                why=f"Keyspaces fails on `{table.name}` for two minutes, by its own fault",
                felt="`unavailable` where it is read; what was sent is shown late",
                runbook="engine-away#keyspaces",
            ),
            above=0,
            minutes=2,
        )
        alarms.ticket(
            f"keyspaces-{table.name}-throttles",
            _sum(
                own.by("ReadThrottleEvents", *READS)
                | own.by("WriteThrottleEvents", *WRITES)
                | own.by("StoragePartitionThroughputCapacityExceeded", *READS, *WRITES),
                "Throttled",
            ),
            Because(
                why=f"`{table.name}`, or one partition of it, is asked for more than Keyspaces lets through",
                felt="`unavailable` and messages that come late, in one conversation or in all",
                runbook="hot-conversation",
            ),
            above=0,
            minutes=3,
        )
        alarms.ticket(
            f"keyspaces-{table.name}-refused",
            _sum(
                own.by("UserErrors", *READS, *WRITES) | own.by("PerConnectionRequestRateExceeded", *READS, *WRITES),
                "Refused",
            ),
            Because(
                why=f"Keyspaces refuses statements on `{table.name}`: wrong ones, or too many on one connection",
                felt="`unavailable`, and what was sent is shown late",
                runbook="engine-away#keyspaces-refuses",
            ),
            above=0,
            minutes=3,
        )


def postgres(alarms: Alarms, own: Own, data: DataStack, stage: Stage) -> None:
    """Aurora User Guide, "Monitoring RDS Proxy metrics with Amazon CloudWatch", dimension set 1: `ProxyName`."""
    proxy = {"ProxyName": data.database.proxy.db_proxy_name}
    writer = {"DBClusterIdentifier": data.database.cluster.cluster_identifier, "Role": "WRITER"}
    felt = "sign-ups, sign-ins, connects and changes of groups that are slow, or `unavailable`"
    limits = [("cpu", metric("AWS/RDS", "CPUUtilization", writer, statistic="avg"), 85)]
    if stage.database_acu is not None:  # the other kind has no such metric
        limits.append(("capacity", metric("AWS/RDS", "ACUUtilization", writer, statistic="max"), 90))
    for name, measured, above in limits:
        alarms.ticket(
            f"postgres-{name}",
            measured,
            Because(
                why=f"PostgreSQL is at {above} % of its {name} for ten minutes",
                felt=felt,
                runbook="engine-away#postgresql-busy",
            ),
            above=above,
            minutes=10,
        )
    alarms.ticket(
        "postgres-borrow-latency",
        metric("AWS/RDS", "DatabaseConnectionsBorrowLatency", proxy, statistic="avg"),
        Because(
            why=f"RDS Proxy takes more than {BORROWED_WITHIN_US // 1000} ms to find a connection, for five minutes",
            felt=felt,
            runbook="engine-away#postgresql-busy",
        ),
        above=BORROWED_WITHIN_US,
        minutes=5,
    )
    used = {
        "used": metric("AWS/RDS", "DatabaseConnections", proxy),
        "allowed": metric("AWS/RDS", "MaxDatabaseConnectionsAllowed", proxy),
    }
    alarms.ticket(
        "postgres-connections",
        _percent("used / allowed", used),
        Because(
            why=f"RDS Proxy holds {MOST_PERCENT} % of the connections that it may have, for five minutes",
            felt="nothing yet; then " + felt,
            runbook="engine-away#postgresql-busy",
        ),
        above=MOST_PERCENT,
        minutes=5,
    )
    if stage.rotate_login_days is not None:
        _login(alarms, own, stage.rotate_login_days)


def _login(alarms: Alarms, own: Own, rotated_days: int) -> None:
    """Rotation that fails rings by itself (`rotate_login-errors`); this is for rotation that nobody begins."""
    days = rotated_days + LATE_DAYS
    alarms.ticket(
        "login-age",
        own(metrics.LOGIN_AGE, "relay", statistic="max", period=HOUR),
        Because(
            why=f"Functions sign in to PostgreSQL with a password that is {days} days old; it is to be another every "
            f"{rotated_days}",
            felt="nothing: whoever has got hold of it keeps it",
            runbook="engine-away#the-login-is-old",
        ),
        above=days * DAY_S,
    )


def valkey(alarms: Alarms, data: DataStack, stage: Stage) -> None:
    """
    ElastiCache User Guide, "Metrics and events for Valkey and Redis OSS serverless caches"; their one dimension is
    `clusterId`, the cache's name.
    """
    of = {"clusterId": data.cache.name}
    limits = (
        (
            "memory",
            f"stored / {stage.cache_max_gb * GB}",
            metric("AWS/ElastiCache", "BytesUsedForCache", of, statistic="max"),
            "memory",
        ),
        (
            "ecpu",
            f"stored / {60 * stage.cache_max_ecpu}",
            metric("AWS/ElastiCache", "ElastiCacheProcessingUnits", of),
            "processing units",
        ),
    )
    for name, share, measured, words in limits:
        alarms.ticket(
            f"valkey-{name}",
            _percent(share, {"stored": measured}),
            Because(
                why=f"Valkey uses {MOST_PERCENT} % of the {words} that the stage lets it have, for five minutes",
                felt="nothing yet; at the limit it throttles, and evicts what has a time to live",
                runbook="engine-away#valkey-full",
            ),
            above=MOST_PERCENT,
            minutes=5,
        )
    alarms.ticket(
        "valkey-throttles",
        metric("AWS/ElastiCache", "ThrottledCmds", of),
        Because(
            why="Valkey lets commands wait or fail: load grows faster than it does, or is at its limit",
            felt="`unavailable`, and live messages that come late",
            runbook="engine-away#valkey-full",
        ),
        above=0,
        minutes=3,
    )


def files(alarms: Alarms, data: DataStack) -> None:
    """S3 User Guide, "Metrics and dimensions": request metrics, which the bucket asks for by a filter's name."""
    alarms.ticket(
        "files-5xx",
        metric("AWS/S3", "5xxErrors", data.attachments.metric_dimensions),
        Because(
            why="S3 answers requests for attachments with errors of its own, for five minutes",
            felt="files that cannot be sent or opened",
            runbook="files",
        ),
        above=0,
        minutes=5,
    )


class _Table:
    def __init__(self, keyspace: str, name: str) -> None:
        self._dimensions = {"Keyspace": keyspace, "TableName": name}

    def by(self, name: str, *operations: str) -> dict[str, cloudwatch.IMetric]:
        """By ids for expressions."""
        return {
            f"{name[0].lower()}{name[1:]}_{operation.lower()}": metric(
                "AWS/Cassandra", name, {**self._dimensions, "Operation": operation}
            )
            for operation in operations
        }


def _sum(metrics: Mapping[str, cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression="SUM(METRICS())", using_metrics=metrics, label=label, period=MINUTE)


def _percent(share: str, metrics: Mapping[str, cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=f"100 * {share}", using_metrics=metrics, label="Percent", period=MINUTE)
