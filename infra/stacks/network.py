from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.blocks.logs import GONE, retention
from infra.config import Stage

ZONES = 3


class NetworkStack(Stack):
    """
    Three zones, private subnets for all that computes or stores; each store brings its own security group.

    A zone can fail: Kafka keeps two replicas in sync, Aurora and the cache fail over, Lambda uses the other zones.
    With one NAT gateway (dev) the zone of the gateway takes the way out with it.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.20.0.0/16"),
            availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(ZONES)],
            nat_gateways=stage.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )
        flow_logs = logs.LogGroup(self, "FlowLogs", retention=retention(stage), removal_policy=GONE)
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_logs),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )

        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)  # costs nothing, NAT does
        self.functions = ec2.SecurityGroup(self, "Functions", vpc=self.vpc, description="Natter: Lambda functions")
        if stage.keyspaces_in_vpc:
            self._keyspaces_endpoint()

    def _keyspaces_endpoint(self) -> None:
        """Private DNS makes `cassandra.REGION.amazonaws.com` resolve to addresses inside the VPC."""
        callers = ec2.SecurityGroup(
            self, "Keyspaces", vpc=self.vpc, description="Natter: endpoint of Keyspaces", allow_all_outbound=False
        )
        callers.add_ingress_rule(self.functions, ec2.Port.tcp(9142), "functions, TLS with SigV4")
        self.vpc.add_interface_endpoint(
            "KeyspacesEndpoint",
            service=ec2.InterfaceVpcEndpointAwsService("cassandra", port=9142),
            security_groups=[callers],
            open=False,
        )
