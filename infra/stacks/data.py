from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blocks.attachments import Attachments
from infra.blocks.backups import Backups
from infra.blocks.cache import Cache
from infra.blocks.database import Database
from infra.blocks.environment import environment
from infra.blocks.logs import removal
from infra.blocks.push_platforms import PushCredentials
from infra.blocks.tables import Tables
from infra.blocks.web_push import WebPushKeys
from infra.config import Stage
from infra.stacks.network import NetworkStack


class DataStack(Stack):
    """What must survive everything else: keys, users and relations, the conversations; and the cache beside them."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: NetworkStack) -> None:
        super().__init__(scope, id_, termination_protection=stage.retain_data, env=environment(stage))
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/natter-{stage.name}",
            description="Natter: data at rest",
            enable_key_rotation=True,
            removal_policy=removal(stage),
        )
        self._let_services_use_the_key()
        self.token_keys = [self._token_key(stage, name) for name in stage.token_keys]
        """The first one signs, all are accepted."""
        for name in stage.retired_token_keys:
            self._token_key(stage, name)
        self.web_push_keys = WebPushKeys(self, "WebPushKeys", stage=stage, key=self.key)
        self.tables = Tables(self, "Tables", stage=stage, key=self.key)
        self.attachments = Attachments(self, "Attachments", stage=stage, key=self.key)
        self.database = Database(
            self,
            "Database",
            stage=stage,
            vpc=network.vpc,
            clients=network.functions,
            key=self.key,
            secrets_endpoint=network.secrets_endpoint,
        )
        if stage.retain_data:
            Backups(self, "Backups", stage=stage, key=self.key, cluster_arn=self.database.cluster.cluster_arn)
        self.push_credentials = PushCredentials(self, "PushCredentials", stage=stage, key=self.key)
        CfnOutput(self, "PushApnsSecret", value=self.push_credentials.apns.secret_arn)
        CfnOutput(self, "PushFcmSecret", value=self.push_credentials.fcm.secret_arn)
        self.cache = Cache(self, "Cache", stage=stage, vpc=network.vpc, clients=network.functions, key=self.key)

    def _token_key(self, stage: Stage, name: str) -> kms.Key:
        key = kms.Key(
            self,
            f"TokenKey-{name}",
            alias=f"alias/natter-{stage.name}-tokens-{name}",
            description=f"Natter: access tokens (ES256), {name}",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30),
            removal_policy=removal(stage),
        )
        self.export_value(key.key_arn)  # an export outlives its last import by one deployment, or neither can go
        return key

    def _let_services_use_the_key(self) -> None:
        """Stated here, by service: grants made by other stacks would tie this one to them in a circle."""
        for service in ("sns", "cloudwatch"):
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            )
        log_groups = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:*"
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
                actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
            )
        )
