"""
Run as a program: synthesizes the stage that the context names, checked by cdk-nag.

Findings are in `validation-report.json` beside the templates; the exit status says only that there are some.
"""

from dataclasses import replace

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import build
from infra.config import DEV, STAGES, Oidc

STAGES["varied"] = replace(
    DEV,
    name="varied",
    token_keys=("b", "a"),
    retired_token_keys=("z",),
    web_push_keys=("b", "a"),
    retired_web_push_keys=("z",),
    oidc=Oidc(issuer="https://login.example", audience="natter-app"),
    limits={"commands": (100, 300)},
)
"""What no stage has by default: token keys that overlap, an identity provider, other limits."""

if __name__ == "__main__":
    app = App()
    build(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
