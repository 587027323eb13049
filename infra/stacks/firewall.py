from aws_cdk import Aws, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.blocks.firewall import REGION, Firewall, parameter
from infra.blocks.logs import GONE, retention
from infra.config import Stage
from infra.operations.alarms import Alarms, Because, metric

MOST_BLOCKED = 1_000
"""In a minute: somebody tries hard, or the rules are wrong."""
UNTOLD = ("authorization", "cookie")
"""Headers whose values no log holds; and no query, which may name people."""


class FirewallStack(Stack):
    """
    What of a stage can only be in us-east-1: the firewall of its distribution, with what is logged and measured of it.

    The stage's own Region learns of it by a parameter here. It tells operators by a topic of its own: alarms see the
    metrics of their Region only.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_, env=Environment(region=REGION))
        key = kms.Key(
            self,
            "Key",
            description=f"Natter {stage.name}: firewall, its log and its alarm",
            enable_key_rotation=True,
            removal_policy=GONE,
        )
        firewall = Firewall(self, "Firewall", stage=stage)
        self._log(firewall, stage=stage, key=key)
        ssm.StringParameter(self, "Arn", parameter_name=parameter(stage), string_value=firewall.acl.attr_arn)
        self.alarms = Alarms(self, stage=stage, key=key, of="firewall-", urgencies=["ticket"])
        self.alarms.ticket(
            "firewall-blocked",
            metric("AWS/WAFV2", "BlockedRequests", {"WebACL": firewall.name, "Rule": "ALL"}),
            Because(
                why=f"Rules have refused more than {MOST_BLOCKED} requests a minute for five minutes",
                felt="nothing, or 403 where the rules are wrong",
                runbook="edge",
            ),
            above=MOST_BLOCKED,
            minutes=5,
        )

    def _log(self, firewall: Firewall, *, stage: Stage, key: kms.IKey) -> None:
        """Of what was refused or would have been: whose address, which rule, which path. Nothing of what passed."""
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{REGION}.amazonaws.com")],
                actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": f"arn:{Aws.PARTITION}:logs:{REGION}:{Aws.ACCOUNT_ID}:*"
                    }
                },
            )
        )
        group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"aws-waf-logs-natter-{stage.name}",  # it has to begin so
            retention=retention(stage),
            removal_policy=GONE,
            encryption_key=key,
        )
        policy = logs.ResourcePolicy(
            self,
            "LogPolicy",
            policy_statements=[
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"{group.log_group_arn}"],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            ],
        )
        kept = [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")]
        logging = waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=firewall.acl.attr_arn,
            log_destination_configs=[
                self.format_arn(service="logs", resource="log-group", resource_name=group.log_group_name).replace(
                    "log-group/", "log-group:"
                )
            ],
            redacted_fields=[
                *(waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name}) for name in UNTOLD),
                waf.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [{"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": kept}],
            },
        )
        logging.node.add_dependency(policy)
