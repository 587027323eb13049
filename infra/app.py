"""
The CDK app: which stacks there are, by what lives and dies together.

    cdk deploy --all -c stage=dev -c operator=you@corp.com       # or prod
    python -m infra.app     # synthesizes only, with the context of CDK_CONTEXT_JSON; `cdk.json` is the CLI's way here
"""

from aws_cdk import App, Tags

from infra.config import chosen
from infra.stacks.account import AccountStack
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.firewall import FirewallStack
from infra.stacks.network import NetworkStack
from infra.stacks.operations import OperationsStack
from infra.stacks.services import ServicesStack
from infra.stacks.streams import StreamsStack


def build(app: App) -> None:
    """
    Adds the stacks of the stage that the context names, and the one that all stages of an account share.

    Raises `SystemExit` for a stage that does not exist, or says still less than it has to.
    """
    stage = chosen(app.node.try_get_context("stage") or "dev", operator=app.node.try_get_context("operator"))
    prefix = f"natter-{stage.name}"

    account = AccountStack(app, "natter-account", stage=stage)
    network = NetworkStack(app, f"{prefix}-network", stage=stage)
    data = DataStack(app, f"{prefix}-data", stage=stage, network=network)
    streams = StreamsStack(app, f"{prefix}-streams", stage=stage, network=network, key=data.key)
    firewall = None if stage.edge is None else FirewallStack(app, f"{prefix}-firewall", stage=stage)
    services = ServicesStack(app, f"{prefix}-services", stage=stage, network=network, data=data, streams=streams)
    services.add_stack_dependency(account)
    edge = None
    if firewall is not None and stage.edge is not None:
        services.add_stack_dependency(firewall)
        edge = EdgeStack(app, f"{prefix}-edge", stage=stage, edge=stage.edge, alarms=firewall.alarms)
        edge.add_stack_dependency(services)
    operations = OperationsStack(
        app, f"{prefix}-operations", stage=stage, network=network, data=data, streams=streams, services=services
    )
    for stack in (network, data, streams, services, operations, *filter(None, [firewall, edge])):
        Tags.of(stack).add("natter:stage", stage.name, exclude_resource_types=["AWS::RDS::DBProxyTargetGroup"])


if __name__ == "__main__":
    app = App()
    build(app)
    app.synth()
