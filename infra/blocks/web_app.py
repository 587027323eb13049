"""The web app: its files, in a bucket that only the distribution reads, and what browsers are told to keep to."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsii
from aws_cdk import CfnResource, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct, IDependable

from infra.blocks.logs import GONE, retention
from infra.config import Oidc, Stage

BUILT = Path(__file__).resolve().parents[2] / "clients" / "web" / "app" / "dist"
"""What `make ready` makes of the app."""
CONFIG = Path(__file__).parent / "web_app_config"
"""`config.json` with marks for what only the stage knows (docs/deploying.md)."""
HASHED = "assets/*"
"""Files whose names change with what is in them (Vite); all others keep their names."""
UNSERVED = "**/*.map"
"""What says which source a script was made of: for who debugs it, from the sources."""
FOR_GOOD, ASK = "public, max-age=31536000, immutable", "no-cache"
TRUSTED_TYPES_POLICY = "natter"
"""The one that the app makes, for the address of its service worker."""
FORBIDDEN_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


class WebApp(Construct):
    """
    The bucket of the app, its headers, and, once `deploy` is called, its files.

    Nothing in it is a secret, so S3's own key is enough. Files with a digest in their names are kept by browsers for
    good, and here, too: open pages go on with those that they began with. All others are asked about each time.
    """

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, sockets_url: str, files: Sequence[str], oidc: Oidc | None
    ) -> None:
        """`files`: the origins at which files that messages show are uploaded and downloaded."""
        super().__init__(scope, id_)
        if not (BUILT / "index.html").exists():
            raise SystemExit(f"the web app is not built, there is no {BUILT / 'index.html'}: make ready")
        self._stage, self._sockets_url, self._oidc = stage, sockets_url, oidc
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=GONE,
            auto_delete_objects=stage.architecture != "host",
        )
        asked = [*_origins(oidc), sockets_url, *files]
        self.headers = self._headers(content_security_policy(asked=asked, shown=files))

    def deploy(self, distribution: cloudfront.Distribution, *, after: Sequence[IDependable]) -> None:
        """
        Copies the files. Those that others name come first, and what shows them to people last, `after` what it asks.

        CloudFront keeps what it has to ask about for a second; what it keeps besides is forgotten (nobody waits for it:
        that fails at times, and with it the stack would).
        """
        log_group = logs.LogGroup(self, "Logs", retention=retention(self._stage), removal_policy=GONE)
        built = deployment.Source.asset(str(BUILT), exclude=[UNSERVED])
        options: dict[str, Any] = {
            "destination_bucket": self.bucket,
            "prune": False,
            "log_group": log_group,
            "output_object_keys": False,
        }
        assets = deployment.BucketDeployment(
            self,
            "Assets",
            sources=[built],
            exclude=["*"],
            include=[HASHED],
            cache_control=[deployment.CacheControl.from_string(FOR_GOOD)],
            **options,
        )
        shell = deployment.BucketDeployment(
            self,
            "Shell",
            sources=[built, Configuration(self.config)],
            exclude=[HASHED],
            cache_control=[deployment.CacheControl.from_string(ASK)],
            distribution=distribution,
            distribution_paths=["/*"],
            **options,
        )
        resource = shell.node.find_child("CustomResource").node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_property_override("WaitForDistributionInvalidation", "")  # its function is told "false", and waits
        shell.node.add_dependency(assets, *after)

    @property
    def config(self) -> Mapping[str, str]:
        """By the marks of `config.json`, what stands in their place."""
        oidc = None if self._oidc is None else {"issuer": self._oidc.issuer, "client_id": self._oidc.audience}
        return {'"<websocket_url>"': f'"{self._sockets_url}"', '"<oidc>"': json.dumps(oidc)}

    def _headers(self, policy: str) -> cloudfront.ResponseHeadersPolicy:
        custom = {
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": ", ".join(f"{feature}=()" for feature in FORBIDDEN_FEATURES),
        }
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=f"natter-{self._stage.name}-app",
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in custom.items()
                ]
            ),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=policy, override=True
                ),
                strict_transport_security=by_tls_only(),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
            ),
        )


@jsii.implements(deployment.ISource)
class Configuration:
    """
    `CONFIG`, whose marks are replaced where it is deployed. `Source.data` would do that, too, but from a folder of its
    own that is gone by then where assets are not copied, as in the local cloud.
    """

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._marks = marks

    def bind(self, scope: Construct, *, handler_role: iam.IRole) -> deployment.SourceConfig:
        found = deployment.Source.asset(str(CONFIG)).bind(scope, handler_role=handler_role)
        return deployment.SourceConfig(
            bucket=found.bucket, zip_object_key=found.zip_object_key, markers=dict(self._marks)
        )


def by_tls_only() -> cloudfront.ResponseHeadersStrictTransportSecurity:
    """Browsers come by TLS only from then on."""
    return cloudfront.ResponseHeadersStrictTransportSecurity(access_control_max_age=Duration.days(365), override=True)


def content_security_policy(*, asked: Sequence[str], shown: Sequence[str]) -> str:
    """
    Everything that pages run and look like is a file of the app; nothing is written into a page as text.

    Args:
        asked: what they connect to beside their own origin.
        shown: origins of pictures and sounds.
    """
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "blob:", *shown],
        "media-src": ["'self'", "blob:", *shown],
        "connect-src": ["'self'", *asked],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [TRUSTED_TYPES_POLICY],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def _origins(oidc: Oidc | None) -> list[str]:
    """Where an identity provider tells what it is, and gives tokens: its own origin, and those that it says."""
    if oidc is None:
        return []
    issuer = urlsplit(oidc.issuer)
    return [f"{issuer.scheme}://{issuer.netloc}", *oidc.origins]
