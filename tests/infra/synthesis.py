"""
Run as a program: synthesizes the stage that the context names, checked by cdk-nag.

Findings are in `validation-report.json` beside the templates; the exit status says only that there are some.
"""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import build

if __name__ == "__main__":
    app = App()
    build(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
