from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Stage


class Cache(Construct):
    """
    ElastiCache Serverless for Valkey: cluster mode, TLS, three zones; its one user authenticates with IAM.

    Nothing in it is the only copy of anything, so there are no snapshots.
    """

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, vpc: ec2.IVpc, clients: ec2.ISecurityGroup, key: kms.IKey
    ) -> None:
        super().__init__(scope, id_)
        group = ec2.SecurityGroup(self, "Group", vpc=vpc, description="Natter: ElastiCache", allow_all_outbound=False)
        group.add_ingress_rule(clients, ec2.Port.tcp_range(6379, 6380), "functions, primary and reader")
        self.name = f"natter-{stage.name}"
        user = elasticache.CfnUser(
            self,
            "User",
            engine="valkey",
            user_id=f"natter-{stage.name}",
            user_name=f"natter-{stage.name}",  # IAM authentication wants id and name to be the same
            access_string="on ~* &* +@all -@dangerous +info +cluster|slots +cluster|shards +cluster|nodes",
            authentication_mode={"Type": "iam"},
        )
        self.user_name = user.ref
        users = elasticache.CfnUserGroup(
            self, "Users", engine="valkey", user_group_id=f"natter-{stage.name}", user_ids=[user.ref]
        )
        self._cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=self.name,
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids,
            security_group_ids=[group.security_group_id],
            user_group_id=users.ref,
            kms_key_id=key.key_id,
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(maximum=stage.cache_max_gb, unit="GB"),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(maximum=stage.cache_max_ecpu),
            ),
        )
        self.endpoint = f"{self._cache.attr_endpoint_address}:{self._cache.attr_endpoint_port}"
        self._user_arn = Stack.of(self).format_arn(
            service="elasticache", resource="user", resource_name=user.ref, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )

    def grant_connect(self, grantee: iam.IGrantable) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["elasticache:Connect"], resource_arns=[self._cache.attr_arn, self._user_arn]
        )
