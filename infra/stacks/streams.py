from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from aws_cdk import custom_resources as cr
from constructs import Construct

from infra.blocks.environment import environment
from infra.blocks.logs import removal, retention
from infra.blocks.topics import IN_SYNC, REPLICAS, Topics
from infra.config import Stage
from infra.stacks.network import NetworkStack

KAFKA_VERSION = "3.9.x.kraft"
BROKERS = 3

SERVER_PROPERTIES = f"""\
auto.create.topics.enable=false
default.replication.factor={REPLICAS}
min.insync.replicas={IN_SYNC}
unclean.leader.election.enable=false
log.message.timestamp.type=LogAppendTime
"""
"""MSK's own defaults elect a replica that is behind, which would lose acknowledged records (P1)."""


class StreamsStack(Stack):
    """The log: MSK with one broker a zone, two replicas in sync before anything counts as acknowledged."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: NetworkStack, key: kms.IKey) -> None:
        super().__init__(scope, id_, termination_protection=stage.retain_data, env=environment(stage))
        self.cluster_name = f"natter-{stage.name}"
        group = ec2.SecurityGroup(
            self, "Group", vpc=network.vpc, description="Natter: MSK brokers and the pollers in front of them"
        )
        group.add_ingress_rule(network.functions, ec2.Port.tcp(9098), "producers, TLS with IAM")
        group.add_ingress_rule(group, ec2.Port.tcp(9098), "pollers, TLS with IAM")
        configuration = msk.CfnConfiguration(
            self,
            "Configuration",
            # For other versions it is made anew before this one goes: under the same name it would be refused.
            name=f"natter-{stage.name}-{KAFKA_VERSION.replace('.', '-')}",
            kafka_versions_list=[KAFKA_VERSION],
            server_properties=SERVER_PROPERTIES,
        )
        broker_logs = logs.LogGroup(
            self, "BrokerLogs", retention=retention(stage), removal_policy=removal(stage), encryption_key=key
        )
        cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=self.cluster_name,
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=BROKERS,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                client_subnets=network.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids,
                instance_type=stage.broker_instance,
                security_groups=[group.security_group_id],
                storage_info=msk.CfnCluster.StorageInfoProperty(
                    ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=stage.broker_storage_gb)
                ),
            ),
            configuration_info=msk.CfnCluster.ConfigurationInfoProperty(
                arn=configuration.attr_arn, revision=configuration.attr_latest_revision_revision
            ),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                sasl=msk.CfnCluster.SaslProperty(iam=msk.CfnCluster.IamProperty(enabled=True)),
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_at_rest=msk.CfnCluster.EncryptionAtRestProperty(data_volume_kms_key_id=key.key_arn),
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
            ),
            enhanced_monitoring="PER_BROKER",
            logging_info=msk.CfnCluster.LoggingInfoProperty(
                broker_logs=msk.CfnCluster.BrokerLogsProperty(
                    cloud_watch_logs=msk.CfnCluster.CloudWatchLogsProperty(
                        enabled=True, log_group=broker_logs.log_group_name
                    )
                )
            ),
        )
        cluster.apply_removal_policy(removal(stage))
        self.cluster_arn = cluster.attr_arn
        self.topics = Topics(self, "Topics", stage=stage, cluster=cluster)
        self.brokers = self._brokers(cluster, stage)

    def _brokers(self, cluster: msk.CfnCluster, stage: Stage) -> str:
        """
        CloudFormation does not return the addresses of an MSK cluster: a call at deploy does, and another one when
        there are more brokers.
        """
        call = cr.AwsSdkCall(
            service="Kafka",
            action="getBootstrapBrokers",
            parameters={"ClusterArn": cluster.attr_arn},
            physical_resource_id=cr.PhysicalResourceId.of(f"{self.cluster_name}-{BROKERS}-brokers"),
            output_paths=["BootstrapBrokerStringSaslIam"],
        )
        resource = cr.AwsCustomResource(
            self,
            "Brokers",
            on_update=call,
            install_latest_aws_sdk=False,
            log_group=logs.LogGroup(self, "BrokersLogs", retention=retention(stage), removal_policy=removal(stage)),
            policy=cr.AwsCustomResourcePolicy.from_statements(
                [iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[cluster.attr_arn])]
            ),
        )
        return resource.get_response_field("BootstrapBrokerStringSaslIam")
