import base64
import json

from aws_cdk import ArnFormat, Fn, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_msk as msk
from constructs import Construct

from infra.config import Stage
from natter import names

DAY_MS = 24 * 3600 * 1000
REPLICAS = 3
IN_SYNC = 2


class Topics(Construct):
    """
    The topics of the current epoch, and who may append to or read them.

    Records carry the broker's time (`LogAppendTime`): the fold's decisions rest on it, not on a producer's clock.
    Topics that hold records are always retained: made anew under an old name, one would give its offsets a second
    meaning.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, cluster: msk.CfnCluster) -> None:
        super().__init__(scope, id_)
        self._cluster = cluster
        for name in names.TOPICS:
            topic = msk.CfnTopic(
                self,
                "".join(word.title() for word in name.split(".")),
                cluster_arn=cluster.attr_arn,
                topic_name=name,
                partition_count=1 if name == names.DEAD_TOPIC else stage.partitions,
                replication_factor=REPLICAS,
                configs=_configs(stage),
            )
            topic.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    def grant_append(self, grantee: iam.IGrantable, *topics: str) -> None:
        """Idempotent, acknowledged appends to these topics."""
        self._connect(grantee, "kafka-cluster:WriteDataIdempotently")
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"],
            resource_arns=[self._arn("topic", topic) for topic in topics],
        )

    def grant_read(self, grantee: iam.IGrantable, topic: str, *, group: str) -> None:
        """Reading without a place that is kept: the client library asks about `group`, and never joins it."""
        self._connect(grantee)
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
            resource_arns=[self._arn("topic", topic)],
        )
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["kafka-cluster:DescribeGroup"], resource_arns=[self._arn("group", group)]
        )

    def grant_keep_place(self, grantee: iam.IGrantable, *, group: str) -> None:
        """Keeping the place up to which it has read, in the name of `group`; on top of `grant_read`."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
            resource_arns=[self._arn("group", group)],
        )

    def grant_consume(self, grantee: iam.IGrantable, topic: str, *, group: str) -> None:
        """What an event source mapping does in the function's name."""
        self._connect(grantee, "kafka-cluster:DescribeClusterDynamicConfiguration")
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
            resource_arns=[self._arn("topic", topic)],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
            resource_arns=[self._arn("group", group)],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
            resource_arns=[self._cluster.attr_arn],
        )

    def _connect(self, grantee: iam.IGrantable, *more: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["kafka-cluster:Connect", *more], resource_arns=[self._cluster.attr_arn]
        )

    def _arn(self, kind: str, name: str) -> str:
        """`arn:…:kafka:…:topic/CLUSTER/UUID/NAME`, from the cluster's `arn:…:cluster/CLUSTER/UUID`."""
        cluster = Fn.select(1, Fn.split(":cluster/", self._cluster.attr_arn))
        return Stack.of(self).format_arn(
            service="kafka", resource=kind, resource_name=f"{cluster}/{name}", arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )


def _configs(stage: Stage) -> str:
    """MSK takes a topic's configuration as Base64 of a JSON object."""
    configs = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(IN_SYNC),
        "retention.ms": str(stage.retention_days * DAY_MS),
        "unclean.leader.election.enable": "false",
    }
    return base64.b64encode(json.dumps(configs, sort_keys=True).encode()).decode()
