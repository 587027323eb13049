from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.blocks.environment import environment
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
        super().__init__(scope, id_, env=environment(stage))
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.20.0.0/16"),
            availability_zones=list(stage.zone_ids) or [Fn.select(index, Fn.get_azs()) for index in range(ZONES)],
            nat_gateways=stage.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )
        if stage.zone_ids:
            self._name_zones_by_id()
        self.nat_gateways = [
            gateway.attr_nat_gateway_id
            for gateway in self.vpc.node.find_all()
            if isinstance(gateway, ec2.CfnNatGateway)
        ]
        flow_logs = logs.LogGroup(self, "FlowLogs", retention=retention(stage), removal_policy=GONE)
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_logs),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )

        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)  # costs nothing, NAT does
        self.functions = ec2.SecurityGroup(self, "Functions", vpc=self.vpc, description="Natter: Lambda functions")
        self.secrets_endpoint: ec2.ISecurityGroup | None = None
        """Who else than functions has to read secrets has to be let in there: the service's usual name leads to it."""
        if stage.endpoints_in_vpc:
            self._endpoint("Keyspaces", ec2.InterfaceVpcEndpointAwsService("cassandra", port=9142))
            self._endpoint("Sqs", ec2.InterfaceVpcEndpointAwsService.SQS)
            self._endpoint("Kms", ec2.InterfaceVpcEndpointAwsService.KMS)
            self.secrets_endpoint = self._endpoint("SecretsManager", ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER)

    def _name_zones_by_id(self) -> None:
        """CDK knows zones by name only, which means another zone in every account."""
        for subnet in [*self.vpc.public_subnets, *self.vpc.private_subnets]:
            made = subnet.node.default_child
            assert isinstance(made, ec2.CfnSubnet)
            made.availability_zone_id, made.availability_zone = made.availability_zone, None

    def _endpoint(self, name: str, service: ec2.InterfaceVpcEndpointAwsService) -> ec2.ISecurityGroup:
        """Who may come in there. Private DNS makes the service's usual name resolve to addresses inside the VPC."""
        callers = ec2.SecurityGroup(
            self, name, vpc=self.vpc, description=f"Natter: endpoint of {name}", allow_all_outbound=False
        )
        callers.add_ingress_rule(self.functions, ec2.Port.tcp(service.port), "functions, TLS with SigV4")
        self.vpc.add_interface_endpoint(f"{name}Endpoint", service=service, security_groups=[callers], open=False)
        return callers
