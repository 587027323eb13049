"""Alarms on Kafka, and on who reads it."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import Stage
from infra.operations.alarms import MINUTE, Alarms, Because, Own, metric
from infra.operations.standstill import LONGEST_S, PERIOD, waiting
from infra.stacks.groups import FANOUT_GROUP, PERSIST_GROUP, PRESENCE_GROUP, PUSH_GROUP, RECEIPTS_GROUP
from infra.stacks.streams import BROKERS, StreamsStack
from natter import names
from natter.metrics import LAG

WAITING_RECORDS = 1_000
LAG_MINUTES, LATE_MINUTES = 5, 3
"""MSK's figures may come so many minutes late, and those of a group as much later than those of its topic."""
MOST_CPU_PERCENT = 60
"""What the other brokers can still take over when one is away (MSK Developer Guide, "Monitor CPU usage")."""
MOST_DISK_PERCENT = 75
BURSTING = "kafka.t3."
"""Brokers that may use their processors whole only as long as they have saved for it."""
EARNED_CPU_PERCENT = 20
"""Of such a broker's processors it may use so much without spending anything (EC2: "CPU credits and baseline")."""
FIVE = Duration.minutes(5)
FEWEST_CREDITS = 60
"""Half an hour of two processors that are used whole: a credit is one of them for a minute."""

READERS = (
    ("persist", PERSIST_GROUP, names.COMMANDS_TOPIC, "see what was sent late, or not yet"),
    ("fanout", FANOUT_GROUP, names.FANOUT_TOPIC, "in large groups see what was sent late"),
    ("receipts", RECEIPTS_GROUP, names.RECEIPTS_TOPIC, "are not told what others have read"),
    ("presence", PRESENCE_GROUP, names.CONNECTIONS_TOPIC, "do not see who comes and goes"),
    ("push", PUSH_GROUP, names.EVENTS_TOPIC, "who are away are not woken"),
)
"""Name, group, topic, and what users feel."""


def readers(alarms: Alarms, own: Own, streams: StreamsStack) -> None:
    """MSK Developer Guide, "Consumer-lag metrics"."""
    for name, group, topic, felt in READERS:
        lag = {"Cluster Name": streams.cluster_name, "Consumer Group": group, "Topic": topic}
        alarms.ticket(
            f"{name}-lag",
            _behind(lag),
            Because(
                why=f"{name} is {WAITING_RECORDS} records behind for five minutes, or Kafka knows nothing of it while "
                "others write",
                felt=felt,
                runbook="stuck-partition",
            ),
            above=WAITING_RECORDS,
            minutes=LAG_MINUTES,
            late=LATE_MINUTES,
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
                why=f"The oldest record of {topic} has waited for {LONGEST_S // 3600} hours, or some have waited for a "
                f"quarter of one and {name} was given none",
                felt=f"of some conversations {felt}",
                runbook="standstill",
            ),
            above=LONGEST_S,
        )


def _behind(of: Mapping[str, str]) -> cloudwatch.IMetric:
    """
    How many records a group is behind.

    Of one that is gone, and of one that has never read anything, MSK reports nothing: with a new epoch until somebody
    uses it, where there is no large group for ever. So nothing is taken for bad only where something is written to the
    topic meanwhile.
    """
    written = {
        f"written_{broker}": metric(
            "AWS/Kafka",
            "BytesInPerSec",
            {"Cluster Name": of["Cluster Name"], "Broker ID": str(broker), "Topic": of["Topic"]},
            statistic="max",
        )
        for broker in range(1, BROKERS + 1)
    }
    unread = 'FILL(behind, -1) < 0 AND SUM(FILL(METRICS("written"), 0)) > 0'
    return cloudwatch.MathExpression(
        expression=f"IF({unread}, {WAITING_RECORDS + 1}, FILL(behind, 0))",
        using_metrics={"behind": metric("AWS/Kafka", "SumOffsetLag", of, statistic="max"), **written},
        label="Records",
        period=MINUTE,
    )


def brokers(alarms: Alarms, streams: StreamsStack, stage: Stage) -> None:
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
        of = {**cluster, "Broker ID": str(broker)}
        _broker(alarms, broker, of)
        if stage.broker_instance.startswith(BURSTING):
            _credits(alarms, broker, of)


def _credits(alarms: Alarms, broker: int, of: Mapping[str, str]) -> None:
    """
    A new broker begins with none, and earns them as long as it is used less than its share. EC2 tells credits every
    five minutes only (its user guide, "Monitor your CPU credits"), so this is by fives.
    """
    spent = cloudwatch.MathExpression(
        expression=f"IF(left < {FEWEST_CREDITS}, user + system, 0)",
        using_metrics={"left": metric("AWS/Kafka", "CPUCreditBalance", of, statistic="min"), **_used(of)},
        label="Percent",
        period=FIVE,
    )
    alarms.ticket(
        f"kafka-credits-{broker}",
        spent,
        Because(
            why=f"Broker {broker} uses more than its {EARNED_CPU_PERCENT} % of its processors for ten minutes, and has "
            f"less than {FEWEST_CREDITS} credits left for it",
            felt="nothing yet; then acknowledgements that take long, or `unavailable`",
            runbook="engine-away#kafka-busy",
        ),
        above=EARNED_CPU_PERCENT,
        minutes=2,  # fives
    )


def _used(of: Mapping[str, str]) -> dict[str, cloudwatch.IMetric]:
    """What is used of a broker's processors, in percent."""
    return {
        "user": metric("AWS/Kafka", "CpuUser", of, statistic="avg"),
        "system": metric("AWS/Kafka", "CpuSystem", of, statistic="avg"),
    }


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
        using_metrics=_used(of),
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
