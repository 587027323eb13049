"""One origin for the web app and its API: the distribution that people's browsers ask."""

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct, IDependable

from infra.blocks.edge import HttpEdge
from infra.blocks.web_app import WebApp, by_tls_only
from infra.config import Stage

API_PATHS = ("/v1/*", "/.well-known/*")
"""All others are files of the app."""
CACHED_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
"""Which CloudFront keeps for ten seconds, for whoever asks next, unless it is told for each that it must not."""


class Front(Construct):
    """
    A distribution of CloudFront: the app's files from their bucket, and the API, of which nothing is kept.

    With an `edge` it has a name of the operator's own, TLS 1.2 and newer, and the firewall before it, and proves itself
    to the API, which then is asked in no other way (ADR 0018). Without, it has CloudFront's name.
    """

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, api_host: str, edge: HttpEdge | None, app: WebApp
    ) -> None:
        super().__init__(scope, id_)
        self._stage, self._app = stage, app
        api = self._api(api_host, edge)
        self._distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Natter {stage.name}: web app and HTTP API",
            domain_names=None if edge is None else [edge.host],
            certificate=None
            if edge is None
            else acm.Certificate.from_certificate_arn(self, "Certificate", edge.certificate_arn),
            minimum_protocol_version=None if edge is None else cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=None if edge is None else edge.firewall(),
            default_root_object="index.html",
            default_behavior=self._files(),
            additional_behaviors=dict.fromkeys(API_PATHS, api),
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0)) for status in CACHED_ERRORS
            ],
        )
        self.host = self._distribution.distribution_domain_name if edge is None else edge.host
        self.url = f"https://{self.host}"
        self.settings: Mapping[str, str] = {"HOST": self.host}
        if edge is not None:
            edge.announce(self._distribution.distribution_id)
            CfnOutput(self, "Domain", value=self._distribution.distribution_domain_name).override_logical_id(
                "DistributionDomain"
            )

    def open(self, *, after: Sequence[IDependable]) -> None:
        """
        Once whoever is asked through it is known. `after`: who checks an edge's secret has to know it before it is
        sent; and an app is shown when there is what it asks.
        """
        if self._stage.edge is not None:
            self._distribution.node.add_dependency(*after)
        self._app.deploy(self._distribution, after=after)

    def _files(self) -> cloudfront.BehaviorOptions:
        """
        Whoever may not list a bucket is told 403, not 404, about what is not there. Nobody can list it through here:
        queries are not passed on, and its root is the app.
        """
        levels = [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST]
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(self._app.bucket, origin_access_levels=levels),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._app.headers,
            compress=True,
        )

    def _api(self, host: str, edge: HttpEdge | None) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                host,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                read_timeout=Duration.seconds(30),
                custom_headers=None if edge is None else edge.proof,
            ),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=self._headers(),
            compress=False,
            function_associations=None if edge is None else [edge.name_viewer()],
        )

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Browsers come by TLS only from then on, and guess nothing about what is answered."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=f"natter-{self._stage.name}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                strict_transport_security=by_tls_only(),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            ),
        )
