from collections.abc import Sequence
from typing import Literal

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.blocks.firewall import REGION as FIREWALL_REGION
from infra.config import Stage

ISSUER = "token.actions.githubusercontent.com"
BOOTSTRAP = "hnb659fds"
"""What `cdk bootstrap` puts into the names of its roles unless it is told otherwise."""
LONGEST = Duration.hours(2)
"""A first deployment waits for MSK and Aurora, for more than the hour that is usual."""

type Part = Literal["lookup", "file-publishing", "deploy"]


class PipelineStack(Stack):
    """
    What GitHub's workflows may do in this account: become the roles that `cdk bootstrap` has made, and nothing else.

    A job has a token of GitHub's that names its repository and environment; for each stage there is a role that
    deploys, for jobs of the environment of its name, and one that compares, for those of `STAGE-diff`. No secret is
    kept anywhere, and who may run a job in an environment is settled there (reviewers, branches).
    """

    def __init__(
        self, scope: Construct, id_: str, *, repository: str, stages: Sequence[Stage], has_provider: bool
    ) -> None:
        """
        `repository` as the subject of its tokens has it: OWNER@ID/NAME@ID, or OWNER/NAME if it is older than July 2026.
        `has_provider`: an account has GitHub's identity provider at most once, and this one has it already.
        """
        super().__init__(scope, id_)
        self._repository = repository
        if has_provider:
            self._provider = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:oidc-provider/{ISSUER}"
        else:
            provider = iam.CfnOIDCProvider(
                self, "GitHub", url=f"https://{ISSUER}", client_id_list=["sts.amazonaws.com"]
            )
            self._provider = provider.attr_arn
        for stage in stages:
            regions = (Aws.REGION,) if stage.edge is None else (Aws.REGION, FIREWALL_REGION)
            self._role(stage.name, becomes=("lookup", "file-publishing", "deploy"), regions=regions)
            self._role(f"{stage.name}-diff", becomes=("lookup",), regions=regions)

    def _role(self, name: str, *, becomes: Sequence[Part], regions: Sequence[str]) -> None:
        """Of the environment that is called so, for the Regions in which its stage has stacks."""
        claims = {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"repo:{self._repository}:environment:{name}",
        }
        role = iam.Role(
            self,
            f"Role-{name}",
            role_name=f"natter-pipeline-{name}",
            assumed_by=iam.WebIdentityPrincipal(self._provider, {"StringEquals": claims}),
            max_session_duration=LONGEST,
        )
        made = [
            f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/cdk-{BOOTSTRAP}-{part}-role-{Aws.ACCOUNT_ID}-{region}"
            for region in regions
            for part in becomes
        ]
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=made))
        CfnOutput(self, f"Output-{name}", value=role.role_arn, description=f"DEPLOY_ROLE of the environment {name}")
