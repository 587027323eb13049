"""
The CDK app: which stacks there are, by what lives and dies together.

    cdk deploy --all -c stage=dev       # or prod
    python -m infra.app                 # synthesizes only; `cdk.json` is the CLI's way here
"""

from aws_cdk import App, Tags

from infra.config import STAGES
from infra.stacks.data import DataStack
from infra.stacks.network import NetworkStack
from infra.stacks.operations import OperationsStack
from infra.stacks.services import ServicesStack
from infra.stacks.streams import StreamsStack


def build(app: App) -> None:
    """Adds the stacks of the stage that the context names.

    Raises `SystemExit` for a stage that does not exist.
    """
    name = app.node.try_get_context("stage") or "dev"
    if name not in STAGES:
        raise SystemExit(f"unknown stage {name!r}: choose with -c stage={'|'.join(STAGES)}")
    stage = STAGES[name]
    prefix = f"natter-{stage.name}"
    Tags.of(app).add("natter:stage", stage.name, exclude_resource_types=["AWS::RDS::DBProxyTargetGroup"])

    network = NetworkStack(app, f"{prefix}-network", stage=stage)
    data = DataStack(app, f"{prefix}-data", stage=stage, network=network)
    streams = StreamsStack(app, f"{prefix}-streams", stage=stage, network=network, key=data.key)
    services = ServicesStack(app, f"{prefix}-services", stage=stage, network=network, data=data, streams=streams)
    OperationsStack(app, f"{prefix}-operations", stage=stage, data=data, streams=streams, services=services)


if __name__ == "__main__":
    app = App()
    build(app)
    app.synth()
