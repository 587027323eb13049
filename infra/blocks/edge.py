"""What stands before the HTTP API: a distribution of CloudFront, behind the firewall that lives in us-east-1."""

import json
from collections.abc import Mapping

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import custom_resources as cr
from constructs import Construct, IDependable

from infra.blocks.firewall import DISTRIBUTION, REGION, parameter
from infra.blocks.logs import GONE, retention
from infra.blocks.secrets import grant_read
from infra.config import Edge, Stage
from natter import names

SECRET_LENGTH = 64
CACHED_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
"""Which CloudFront keeps for ten seconds, for whoever asks next, unless it is told for each that it must not."""

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
    Callers' only way to the HTTP API: over TLS 1.2 and newer, through the firewall, nothing cached.

    The API itself cannot be closed (a distribution has to reach it from the internet): its functions refuse what does
    not prove that it came through here (ADR 0018).
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, edge: Edge, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._stage, self._edge, self._key = stage, edge, key
        self._secrets = [self._secret(name) for name in edge.secrets]
        self.settings: Mapping[str, str] = {
            "HOST": edge.host,
            "SECRET_ARNS": json.dumps([secret.secret_arn for secret in self._secrets]),
        }
        self.url = f"https://{edge.host}"

    def grant_check(self, grantee: iam.IGrantable) -> None:
        """Knowing what came through here."""
        grant_read(grantee, self._secrets, key=self._key)

    def lead_to(self, api_host: str, *, after: list[IDependable]) -> None:
        """Before the API with this name. `after`: who checks has to know a secret before it is sent."""
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Natter {self._stage.name}: HTTP API",
            domain_names=[self._edge.host],
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", self._edge.certificate_arn),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=self._firewall(),
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(
                    api_host,
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                    origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                    read_timeout=Duration.seconds(30),
                    custom_headers={names.EDGE_PROOF_HEADER: self._secrets[0].secret_value.unsafe_unwrap()},
                ),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                response_headers_policy=self._headers(),
                compress=False,
                function_associations=[
                    cloudfront.FunctionAssociation(
                        event_type=cloudfront.FunctionEventType.VIEWER_REQUEST, function=self._name_viewer()
                    )
                ],
            ),
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0)) for status in CACHED_ERRORS
            ],
        )
        distribution.node.add_dependency(*after)
        self._announce(distribution.distribution_id)
        CfnOutput(self, "Domain", value=distribution.distribution_domain_name).override_logical_id("DistributionDomain")

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

    def _name_viewer(self) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            "NameViewer",
            function_name=f"natter-{self._stage.name}-viewer",
            code=cloudfront.FunctionCode.from_inline(NAME_VIEWER),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Browsers come by TLS only from then on, and guess nothing about what is answered."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=f"natter-{self._stage.name}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            ),
        )

    def _firewall(self) -> str:
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

    def _announce(self, distribution: str) -> None:
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
