"""Alarms on Kafka, and on who reads it."""

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.operations.alarms import MINUTE, Alarms, Because, Own, metric
from infra.operations.standstill import LONGEST_S, PERIOD, waiting
from infra.stacks.groups import FANOUT_GROUP, PERSIST_GROUP, PRESENCE_GROUP, PUSH_GROUP, RECEIPTS_GROUP
from infra.stacks.streams import BROKERS, StreamsStack
from natter import names
from natter.metrics import LAG

WAITING_RECORDS = 1_000
MOST_CPU_PERCENT = 60
"""What the other brokers can still take over when one is away (MSK Developer Guide, "Monitor CPU usage")."""
MOST_DISK_PERCENT = 75

READERS = (
    ("persist", PERSIST_GROUP, names.COMMANDS_TOPIC, "see what was sent late, or not yet", True),
    ("fanout", FANOUT_GROUP, names.FANOUT_TOPIC, "in large groups see what was sent late", False),
    ("receipts", RECEIPTS_GROUP, names.RECEIPTS_TOPIC, "are not told what others have read", True),
    ("presence", PRESENCE_GROUP, names.CONNECTIONS_TOPIC, "do not see who comes and goes", True),
    ("push", PUSH_GROUP, names.EVENTS_TOPIC, "who are away are not woken", True),
)
"""
Name, group, topic, what users feel, and whether Kafka knows the group as long as it reads: of one that has never read
anything (there may be no large group) MSK reports nothing, nor of one that is gone.
"""


def readers(alarms: Alarms, own: Own, streams: StreamsStack) -> None:
    """MSK Developer Guide, "Consumer-lag metrics"."""
    for name, group, topic, felt, always in READERS:
        lag = {"Cluster Name": streams.cluster_name, "Consumer Group": group, "Topic": topic}
        alarms.ticket(
            f"{name}-lag",
            metric("AWS/Kafka", "SumOffsetLag", lag, statistic="max"),
            Because(
                why=f"{name} is {WAITING_RECORDS} records behind for three minutes, or Kafka knows nothing of it",
                felt=felt,
                runbook="stuck-partition",
            ),
            above=WAITING_RECORDS,
            minutes=3,
            silence_is_bad=always,
        )
        alarms.ticket(
            f"{name}-stuck-partition",
            metric("AWS/Kafka", "MaxOffsetLag", lag, statistic="max"),
            Because(
                why=f"One partition of {topic} is {WAITING_RECORDS // 2} records behind for three minutes",
                felt=f"of some conversations {felt}; others notice nothing",
                runbook="stuck-partition",
            ),
            above=WAITING_RECORDS // 2,
            minutes=3,
        )
        alarms.ticket(
            f"{name}-standstill",
            waiting(own(LAG, name, statistic="max", period=PERIOD), of=lag),
            Because(
                why=f"The oldest record of {topic} has waited for {LONGEST_S // 3600} hours",
                felt=f"of some conversations {felt}",
                runbook="standstill",
            ),
            above=LONGEST_S,
        )


def brokers(alarms: Alarms, streams: StreamsStack) -> None:
    """MSK Developer Guide, "Metrics for monitoring Standard brokers with CloudWatch": levels DEFAULT and PER_BROKER."""
    cluster = {"Cluster Name": streams.cluster_name}
    alarms.ticket(
        "kafka-offline-partitions",
        metric("AWS/Kafka", "OfflinePartitionsCount", cluster, statistic="max"),
        Because(
            why="A partition has no leader: nothing can be appended to it",
            felt="`unavailable` in the conversations of that partition",
            runbook="engine-away#kafka",
        ),
        above=0,
    )
    alarms.ticket(
        "kafka-controller",
        metric("AWS/Kafka", "ActiveControllerCount", cluster, statistic="max"),
        Because(
            why="The cluster has no controller for three minutes: no leader can be elected",
            felt="nothing, until a broker is away",
            runbook="engine-away#kafka",
        ),
        below=1,
        minutes=3,
    )
    for broker in range(1, BROKERS + 1):
        _broker(alarms, broker, {**cluster, "Broker ID": str(broker)})


def _broker(alarms: Alarms, broker: int, of: dict[str, str]) -> None:
    alarms.ticket(
        f"kafka-under-replicated-{broker}",
        metric("AWS/Kafka", "UnderReplicatedPartitions", of, statistic="max"),
        Because(
            why=f"Replicas that follow broker {broker} are behind for five minutes, or their brokers away",
            felt="nothing; with two of three brokers away, `unavailable`",
            runbook="engine-away#kafka",
        ),
        above=0,
        minutes=5,
    )
    alarms.ticket(
        f"kafka-disk-{broker}",
        metric("AWS/Kafka", "KafkaDataLogsDiskUsed", of, statistic="max"),
        Because(
            why=f"The disk of broker {broker} is {MOST_DISK_PERCENT} % full",
            felt="nothing yet; on a full disk nothing is accepted",
            runbook="engine-away#kafka-disks",
        ),
        above=MOST_DISK_PERCENT,
        minutes=5,
    )
    busy = cloudwatch.MathExpression(
        expression="user + system",
        using_metrics={
            "user": metric("AWS/Kafka", "CpuUser", of, statistic="avg"),
            "system": metric("AWS/Kafka", "CpuSystem", of, statistic="avg"),
        },
        label="Percent",
        period=MINUTE,
    )
    alarms.ticket(
        f"kafka-cpu-{broker}",
        busy,
        Because(
            why=f"Broker {broker} has used more than {MOST_CPU_PERCENT} % of its processors for ten minutes",
            felt="acknowledgements that take longer; more, when a broker is away",
            runbook="engine-away#kafka-busy",
        ),
        above=MOST_CPU_PERCENT,
        minutes=10,
    )
    alarms.ticket(
        f"kafka-iam-connections-{broker}",
        metric("AWS/Kafka", "IAMTooManyConnections", of),
        Because(
            why=f"Broker {broker} refuses connections: more are opened in a second than IAM lets in",
            felt="`unavailable` from functions that have just started",
            runbook="reconnect-storm#kafka-refuses-connections",
        ),
        above=0,
        minutes=3,
    )
