from aws_cdk import Environment

from infra.config import Stage


def environment(stage: Stage) -> Environment | None:
    """Where a stage's stacks are; None: in the Region of who deploys. The account is always theirs."""
    return Environment(region=stage.region) if stage.region else None
