"""Retention and removal, decided once for every log group and every store."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Stage

_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
}


def retention(stage: Stage) -> logs.RetentionDays:
    return _RETENTION[stage.log_days]


def removal(stage: Stage) -> RemovalPolicy:
    """
    What becomes of data when its stack goes. Not of what a deployment has made that fails: it holds nothing yet, and
    would be in the way of the next one, which makes it under the same name.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.retain_data else RemovalPolicy.DESTROY


GONE = RemovalPolicy.DESTROY
"""Of what goes with its stack in every stage (docs/deploying.md says which)."""


def access_log_group(api: Construct, *, stage: Stage, key: kms.IKey) -> logs.LogGroup:
    """Where an API's stage notes who called what."""
    return logs.LogGroup(api, "AccessLogs", retention=retention(stage), removal_policy=GONE, encryption_key=key)
