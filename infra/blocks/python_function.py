from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.blocks.canary import canary
from infra.blocks.layers import ROOT, Layers, architecture
from infra.blocks.logs import GONE, retention
from infra.config import FunctionName, Stage

CANARIES: tuple[FunctionName, ...] = ("authorize", "chat_api", "connect", "persist", "send", "signal", "users_api")
"""Whose faults somebody notices who waits: the rest puts its work back, and does it again."""


PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Ours, in which the stores are."""

    vpc: ec2.IVpc
    security_group: ec2.ISecurityGroup


class PythonFunction(lambda_.Function):
    """
    One folder of `functions/`, with its own log group; in the private subnets, unless it comes from outside.

    What it may do is granted where it is joined to others: it starts with logs and, there, a network interface.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        folder: FunctionName,
        layers: Layers,
        groups: Sequence[str],
        environment: Mapping[str, str],
        network: Network | None,
        key: kms.IKey,
    ) -> None:
        """`network`: None has it run where it reaches the internet alone."""
        sizing = stage.sizing[folder]
        super().__init__(
            scope,
            id_,
            function_name=f"natter-{stage.name}-{folder}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=architecture(stage),
            handler="handler.lambda_handler",
            code=lambda_.Code.from_asset(
                str(ROOT / "functions" / folder),
                exclude=["**/__pycache__", "**/*.pyc", "*.md"],
            ),
            layers=[layers[group] for group in ("natter", *groups)],
            memory_size=sizing.memory_mb,
            timeout=Duration.seconds(sizing.timeout_s),
            reserved_concurrent_executions=sizing.reserved_concurrency if stage.reserve_concurrency else None,
            environment={
                "NATTER_STAGE": stage.name,
                "POWERTOOLS_SERVICE_NAME": folder,
                "POWERTOOLS_METRICS_NAMESPACE": stage.metrics,
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                **environment,
            },
            vpc=None if network is None else network.vpc,
            vpc_subnets=None if network is None else PRIVATE,
            security_groups=None if network is None else [network.security_group],
            log_group=logs.LogGroup(
                scope,
                f"{id_}Logs",
                log_group_name=f"/natter/{stage.name}/{folder}",
                retention=retention(stage),
                removal_policy=GONE,
                encryption_key=key,
            ),
        )
        self.folder = folder
        self.time_limit = Duration.seconds(sizing.timeout_s)
        self.live: lambda_.IFunction = self
        """What is called: an alias where new versions are tried first, or some environments are kept ready."""
        if folder in CANARIES and (stage.canaries or sizing.provisioned):
            alias = self.add_alias("live", provisioned_concurrent_executions=sizing.provisioned or None)
            self.live = alias
            if stage.canaries:
                canary(self, alias, name=f"natter-{stage.name}-{folder}")

    def allow_recursion(self) -> None:
        """It may cause events for itself, as often as it says."""
        function = self.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.recursive_loop = "Allow"
