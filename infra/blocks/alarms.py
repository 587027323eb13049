from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Stage

MINUTE = Duration.minutes(1)


class Alarms:
    """The alarms of a stack, and the topic by which they reach people. `key` lets CloudWatch in where it is made."""

    def __init__(self, scope: Construct, *, stage: Stage, key: kms.IKey, name: str = "alarms") -> None:
        self._scope, self._prefix = scope, f"natter-{stage.name}"
        self.topic = sns.Topic(
            scope, "Alarms", topic_name=f"natter-{stage.name}-{name}", master_key=key, enforce_ssl=True
        )
        self._let_alarms_publish()
        if stage.alarm_address is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_address))

    def alarm(self, name: str, metric: cloudwatch.IMetric, *, above: float, minutes: int = 1) -> None:
        """Missing data is fine: no traffic is no fault."""
        alarm = cloudwatch.Alarm(
            self._scope,
            name,
            alarm_name=f"{self._prefix}-{name}",
            metric=metric,
            threshold=above,
            evaluation_periods=minutes,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))

    def _let_alarms_publish(self) -> None:
        """Which the topic's policy (TLS only) alone would not."""
        alarms = Stack.of(self._scope).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{self._prefix}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )
