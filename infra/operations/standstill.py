"""Whether a partition of the log stands still (docs/runbooks/standstill.md)."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.operations.alarms import metric

PERIOD = Duration.minutes(15)
LONGEST_S = 2 * 3600
"""Long before files that were sent are lost (a day), the store takes no more timestamps (two), and the log ends."""


def waiting(given: cloudwatch.IMetric, *, of: Mapping[str, str]) -> cloudwatch.IMetric:
    """
    For how long the oldest record of a topic has waited, in seconds. `of` are the dimensions of a consumer's lag.

    The function says so whenever it is `given` the record, however often it fails; what is not given to it at all, MSK
    estimates: https://docs.aws.amazon.com/msk/latest/developerguide/consumer-lag.html

    It counts as that long, too, when all through a period something waited and the function was given nothing: as when
    nobody hands anything over any more. Little may wait then, and MSK estimates only what moves.
    """
    behind = metric("AWS/Kafka", "SumOffsetLag", of, statistic="min", period=PERIOD)
    estimated = metric("AWS/Kafka", "EstimatedMaxTimeLag", of, statistic="max", period=PERIOD)
    return cloudwatch.MathExpression(
        expression=f"IF(FILL(behind, 0) > 0 AND FILL(given, -1) < 0, {LONGEST_S + 1}, "
        "MAX([FILL(given, 0), FILL(estimated, 0)]))",
        using_metrics={"given": given, "estimated": estimated, "behind": behind},
        label="Seconds",
        period=PERIOD,
    )
