from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.blocks.environment import environment
from infra.config import Stage


class AccountStack(Stack):
    """
    What an account has once in each Region, for all stages: the role with which API Gateway writes logs.

    Without it no WebSocket stage with access logs can be made ("CloudWatch Logs role ARN must be set in account
    settings"). It stays when the stack goes: other stages, and other people's APIs, may write by it. A role that the
    Region had before is replaced by this one, which may do the same.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_, env=environment(stage))
        role = iam.Role(
            self,
            "GatewayLogs",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        account = apigateway.CfnAccount(self, "Gateway", cloud_watch_role_arn=role.role_arn)
        for kept in (role, account):
            kept.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
