"""
Run as a program: synthesizes the stage that the context names, checked by cdk-nag.

Findings are in `validation-report.json` beside the templates; the exit status says only that there are some.
"""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import build
from infra.config import STAGES
from tests.infra import stages

if __name__ == "__main__":
    STAGES.update(stages.STAGES)
    app = App()
    build(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
