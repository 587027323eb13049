from typing import Any

from aws_cdk import Duration, RemovalPolicy, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.config import Stage
from natter import names

NO_VALUES_IN_LOGS = {
    "log_parameter_max_length": "0",  # of slow statements
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # without the details, which quote rows
}
"""Names, hashes and tokens are bound to statements; the log has their text alone."""


class Database(Construct):
    """
    Aurora PostgreSQL, Serverless v2 unless the stage is so small that this costs more, behind RDS Proxy.

    Functions come and go by the hundred, connections must not: the proxy pools them and keeps clients
    connected through a failover (about 30 s without readers, a few seconds with). Each has a security group of its own:
    functions reach the proxy, and nobody but the proxy the database.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        vpc: ec2.IVpc,
        clients: ec2.ISecurityGroup,
        key: kms.IKey,
        secrets_endpoint: ec2.ISecurityGroup | None,
    ) -> None:
        super().__init__(scope, id_)
        group = _group(self, "Group", vpc, "Natter: Aurora")
        proxy_group = _group(self, "ProxyGroup", vpc, "Natter: RDS Proxy")
        proxy_group.add_ingress_rule(clients, ec2.Port.tcp(5432), "functions to the proxy")
        proxy_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "proxy to Secrets Manager")
        if secrets_endpoint is not None:
            self._let_in_at(secrets_endpoint, proxy_group)
        self._key = key
        least, most = stage.database_acu or (None, None)
        self.owner = rds.DatabaseSecret(self, "Login", username="natter", encryption_key=key)
        """Of who owns the schema, and migrates it."""
        self.secret = rds.DatabaseSecret(self, "FunctionsLogin", username=names.DATABASE_ROLE, encryption_key=key)
        """Of the role that functions sign in as (`natter.adapters.postgres.roles`)."""
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_17_5),
            credentials=rds.Credentials.from_secret(self.owner),
            default_database_name=names.DATABASE,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[group],
            writer=_instance("Writer", stage, key),
            readers=[
                _instance(f"Reader{index}", stage, key, scale_with_writer=index == 0)
                for index in range(stage.database_readers)
            ],
            serverless_v2_min_capacity=least,
            serverless_v2_max_capacity=most,
            storage_encrypted=True,
            storage_encryption_key=key,
            parameters={"rds.force_ssl": "1", "log_min_duration_statement": "500", **NO_VALUES_IN_LOGS},
            backup=rds.BackupProps(retention=Duration.days(stage.backup_days)),
            cloudwatch_logs_exports=["postgresql"],
            deletion_protection=stage.retain_data,
            removal_policy=RemovalPolicy.SNAPSHOT if stage.retain_data else RemovalPolicy.DESTROY,
        )
        self.proxy = rds.DatabaseProxy(
            self,
            "Proxy",
            db_proxy_name=f"natter-{stage.name}",  # by default it is the construct's id, for all stages the same
            proxy_target=rds.ProxyTarget.from_cluster(self.cluster),
            # The functions' role is made by `migrate`: until then its secret fails for itself, and the owner's does
            # not (RDS Proxy, "Setting up database credentials").
            secrets=[self.owner, self.secret],
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[proxy_group],  # the target itself lets it in, and it out to the target
            require_tls=True,
            borrow_timeout=Duration.seconds(5),
        )

    def _let_in_at(self, endpoint: ec2.ISecurityGroup, proxy: ec2.ISecurityGroup) -> None:
        """Where the endpoint is, it is the only way to Secrets Manager. The rule is ours: its group is made before."""
        ec2.CfnSecurityGroupIngress(
            self,
            "ProxyToSecrets",
            group_id=endpoint.security_group_id,
            source_security_group_id=proxy.security_group_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="the proxy's logins",
        )

    def grant_login(self, grantee: iam.IGrantable) -> None:
        """Signing in as a function does."""
        self._allow(grantee, self.secret, ["secretsmanager:GetSecretValue"], ["kms:Decrypt"])

    def grant_own(self, grantee: iam.IGrantable) -> None:
        """Signing in as the owner."""
        self._allow(grantee, self.owner, ["secretsmanager:GetSecretValue"], ["kms:Decrypt"])

    def grant_rotate(self, grantee: iam.IGrantable) -> None:
        """Giving the functions' login a new password."""
        steps = ["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"]
        self._allow(grantee, self.secret, [f"secretsmanager:{step}" for step in steps], ["kms:GenerateDataKey"])

    def _allow(
        self, grantee: iam.IGrantable, secret: rds.DatabaseSecret, actions: list[str], of_the_key: list[str]
    ) -> None:
        """`Secret.grant_read` would write into the key's policy, which lives in another stack."""
        iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[secret.secret_arn])
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=of_the_key,
            resource_arns=[self._key.key_arn],
            conditions={"StringEquals": {"kms:EncryptionContext:SecretARN": secret.secret_arn}},
        )

    @property
    def port(self) -> str:
        """The proxy listens where the database does."""
        return Token.as_string(self.cluster.cluster_endpoint.port)


def _instance(id_: str, stage: Stage, key: kms.IKey, **serverless: Any) -> rds.IClusterInstance:
    if stage.database_class is None:
        return rds.ClusterInstance.serverless_v2(id_, **serverless, **_insights(stage, key))
    size = ec2.InstanceType(stage.database_class)
    return rds.ClusterInstance.provisioned(id_, instance_type=size, **_insights(stage, key))


def _insights(stage: Stage, key: kms.IKey) -> dict[str, Any]:
    """Which statements the database waits for, for a week back: where somebody may have to ask."""
    if not stage.retain_data:
        return {}
    return {"enable_performance_insights": True, "performance_insight_encryption_key": key}


def _group(scope: Construct, id_: str, vpc: ec2.IVpc, description: str) -> ec2.SecurityGroup:
    return ec2.SecurityGroup(scope, id_, vpc=vpc, description=description, allow_all_outbound=False)
