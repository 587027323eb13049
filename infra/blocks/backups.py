from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blocks.logs import removal
from infra.config import Stage

A_DAY = Duration.days(1)
"""By which the most has to be more than the least."""


class Backups(Construct):
    """
    A copy of the database every night, in a vault from which nobody takes one out early: neither who has taken over a
    function, nor who deletes the cluster by mistake, with its own backups.

    They are kept as long as the cluster's own, and no longer: who is erased is gone from all of them after that
    (docs/privacy.md). The lock is in governance mode: whoever may administer vaults can lift it.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey, cluster_arn: str) -> None:
        super().__init__(scope, id_)
        kept = Duration.days(stage.backup_days)
        vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=f"natter-{stage.name}",
            encryption_key=key,
            lock_configuration=backup.LockConfiguration(min_retention=kept, max_retention=kept.plus(A_DAY)),
            removal_policy=removal(stage),
        )
        nightly = backup.BackupPlanRule(
            rule_name="nightly",
            schedule_expression=events.Schedule.cron(hour="3", minute="0"),
            delete_after=kept,
        )
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=f"natter-{stage.name}",
            backup_vault=vault,
            backup_plan_rules=[nightly],
        )
        plan.add_selection("Database", resources=[backup.BackupResource.from_arn(cluster_arn)])
