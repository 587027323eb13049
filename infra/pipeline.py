"""
What lets GitHub's workflows deploy: an app of its own, deployed by a person, once for each account.

    cdk deploy --app ".venv/bin/python -m infra.pipeline" -c repository=OWNER@ID/NAME@ID [-c stages=dev,prod]

`-c provider=there` where the account has GitHub's identity provider already. The stages are those that this account
is for: with an account for each, each has its own.
"""

from aws_cdk import App

from infra.config import STAGES
from infra.stacks.pipeline import PipelineStack


def build(app: App) -> None:
    """Raises `SystemExit` if it is not said for which repository, or a stage does not exist."""
    repository = app.node.try_get_context("repository")
    stages = (app.node.try_get_context("stages") or "dev,prod").split(",")
    if not repository:
        raise SystemExit("say which repository: -c repository=OWNER@ID/NAME@ID (docs/deploying.md)")
    if unknown := set(stages) - STAGES.keys():
        raise SystemExit(f"unknown stages: {', '.join(sorted(unknown))}")
    has_provider = app.node.try_get_context("provider") == "there"
    PipelineStack(
        app,
        "natter-pipeline",
        repository=repository,
        stages=[STAGES[name] for name in stages],
        has_provider=has_provider,
    )


if __name__ == "__main__":
    app = App()
    build(app)
    app.synth()
