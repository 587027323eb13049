"""What makes the distribution the only way to the HTTP API: its proof, and the firewall that lives in us-east-1."""

import json
from collections.abc import Mapping

from aws_cdk import Aws
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import custom_resources as cr
from constructs import Construct

from infra.blocks.firewall import DISTRIBUTION, REGION, parameter
from infra.blocks.logs import GONE, retention
from infra.blocks.secrets import grant_read
from infra.config import Edge, Stage
from natter import names

SECRET_LENGTH = 64

NAME_VIEWER = f"""\
function handler(event) {{
    var request = event.request;
    request.headers['{names.EDGE_VIEWER_HEADER}'] = {{ value: event.viewer.ip }};
    return request;
}}
"""
"""
Overwrites what the caller says. Not `CloudFront-Viewer-Address`: only a list of headers can ask for it, in which
`Authorization` may not stand; among all headers but `Host`, which API Gateway wants to be its own, it is the caller's.
"""


class HttpEdge(Construct):
    """
    What the distribution of a stage proves itself by to the HTTP API, and what it has besides: a name, the firewall.

    The API itself cannot be closed (a distribution has to reach it from the internet): its functions refuse what does
    not prove that it came through there (ADR 0018).
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, edge: Edge, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._stage, self._key = stage, key
        self._secrets = [self._secret(name) for name in edge.secrets]
        self.settings: Mapping[str, str] = {
            "HOST": edge.host,
            "SECRET_ARNS": json.dumps([secret.secret_arn for secret in self._secrets]),
        }
        self.host, self.certificate_arn = edge.host, edge.certificate_arn
        self.proof: Mapping[str, str] = {names.EDGE_PROOF_HEADER: self._secrets[0].secret_value.unsafe_unwrap()}

    def grant_check(self, grantee: iam.IGrantable) -> None:
        """Knowing what came through here."""
        grant_read(grantee, self._secrets, key=self._key)

    def _secret(self, name: str) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            f"Secret-{name}",
            description=f"Natter: what the distribution proves itself by, {name}",
            encryption_key=self._key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=SECRET_LENGTH, exclude_punctuation=True
            ),
            removal_policy=GONE,
        )

    def name_viewer(self) -> cloudfront.FunctionAssociation:
        """What runs at each request of a viewer."""
        function = cloudfront.Function(
            self,
            "NameViewer",
            function_name=f"natter-{self._stage.name}-viewer",
            code=cloudfront.FunctionCode.from_inline(NAME_VIEWER),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=function)

    def firewall(self) -> str:
        """Its ARN, which another Region knows: no stack can import from there."""
        name = parameter(self._stage)
        found = cr.AwsCustomResource(
            self,
            "Firewall",
            on_update=cr.AwsSdkCall(
                service="SSM",
                action="getParameter",
                parameters={"Name": name},
                region=REGION,
                physical_resource_id=cr.PhysicalResourceId.of(name),
                output_paths=["Parameter.Value"],
            ),
            install_latest_aws_sdk=False,
            log_group=logs.LogGroup(self, "FirewallLogs", retention=retention(self._stage), removal_policy=GONE),
            policy=cr.AwsCustomResourcePolicy.from_statements(
                [iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[_arn(name)])]
            ),
        )
        return found.get_response_field("Parameter.Value")

    def announce(self, distribution: str) -> None:
        """Its id, to the stack that watches it where its metrics are."""
        name = parameter(self._stage, of=DISTRIBUTION)
        put = cr.AwsSdkCall(
            service="SSM",
            action="putParameter",
            parameters={"Name": name, "Value": distribution, "Type": "String", "Overwrite": True},
            region=REGION,
            physical_resource_id=cr.PhysicalResourceId.of(name),
            output_paths=["Version"],
        )
        cr.AwsCustomResource(
            self,
            "Announcement",
            on_update=put,  # at the first time, too
            on_delete=cr.AwsSdkCall(
                service="SSM",
                action="deleteParameter",
                parameters={"Name": name},
                region=REGION,
                ignore_error_codes_matching="ParameterNotFound",  # where it was never made, what is undone ends well
            ),
            install_latest_aws_sdk=False,  # its log is the firewall's: one function makes all such calls of a stack
            policy=cr.AwsCustomResourcePolicy.from_statements(
                [iam.PolicyStatement(actions=["ssm:PutParameter", "ssm:DeleteParameter"], resources=[_arn(name)])]
            ),
        )


def _arn(parameter: str) -> str:
    return f"arn:{Aws.PARTITION}:ssm:{REGION}:{Aws.ACCOUNT_ID}:parameter{parameter}"
