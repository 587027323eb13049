from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

FAULTS = 3
"""In a minute, more than this many: a fault of the version, and not of one call."""


def canary(scope: Construct, alias: lambda_.Alias, *, name: str) -> None:
    """
    A new version gets a tenth of the calls for five minutes. If it fails meanwhile, all calls go to the old one again,
    and the deployment of the stack is rolled back.

    The alarm wakes nobody: the function's own does, if it goes on.
    """
    faults = cloudwatch.Alarm(
        scope,
        "CanaryFaults",
        alarm_name=f"{name}-canary",
        metric=alias.metric_errors(period=Duration.minutes(1), statistic="sum"),
        threshold=FAULTS,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    codedeploy.LambdaDeploymentGroup(
        scope,
        "Canary",
        alias=alias,
        deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
        alarms=[faults],
        auto_rollback=codedeploy.AutoRollbackConfig(
            failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
        ),
    )
