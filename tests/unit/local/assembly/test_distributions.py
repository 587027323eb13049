"""Distributions of the templates, as what is served."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable, build_app
from local.assembly.attributes import distribution_id
from local.assembly.distributions import ALL_BUT_HOST
from local.model import AddedHeader, ApiOrigin, BucketOrigin, Distribution, ErrorPage

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
BUCKET = "files.s3.eu-west-1.amazonaws.com"
API = {"Fn::Join": ["", [{"Ref": "Api"}, ".execute-api.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]}
API_FROM_URL = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Api", "ApiEndpoint"]}]}]}
RESOURCES = {
    "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "api", "ProtocolType": "HTTP"}},
    "Live": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default"}},
}
FILES = {"Id": "files", "DomainName": BUCKET, "OriginAccessControlId": "access", "S3OriginConfig": {}}
DEFAULT = {"TargetOriginId": "files", "CachePolicyId": OPTIMIZED, "Compress": True}

type Read = Callable[..., Distribution]


@pytest.fixture
def read(resolver: Callable[..., Resolver]) -> Read:
    """The distribution with this configuration, among these resources."""

    def read(more: Mapping[str, Any] | None = None, **config: Any) -> Distribution:
        stated = {"Enabled": True, "Origins": [FILES], "DefaultCacheBehavior": DEFAULT} | config
        site = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": stated}}
        found = resolver(shop={"Resources": {**RESOURCES, "Site": site, **(more or {})}})
        (api,) = found.assembly.resources("AWS::ApiGatewayV2::Api")
        app = build_app(found, {found.attribute("shop", api.logical_id, "Ref"): 7001}, {"Site": 8001})
        assert [each for each in app.not_imitated if each[0] == "Site"] == []
        return app.distributions[0]

    return read


def policy(*actions: str, distribution: Any = None) -> dict[str, Any]:
    """Of the bucket, that lets the distribution do this."""
    source = ["arn:aws:cloudfront::123456789012:distribution/", distribution or {"Ref": "Site"}]
    statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": {"Fn::Join": ["", source]}}},
    }
    document = {"PolicyDocument": {"Statement": [statement]}, "Bucket": "files"}
    return {"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": document}}


class TestBuckets:
    def test_are_read_as_far_as_their_policies_let(self, read: Read) -> None:
        origins = [
            read(more).behaviors[-1].origin for more in ({}, policy("s3:GetObject"), policy("s3:Get*", "s3:ListBucket"))
        ]
        assert origins == [
            BucketOrigin(bucket="files", readable=False, listable=False),
            BucketOrigin(bucket="files", readable=True, listable=False),
            BucketOrigin(bucket="files", readable=True, listable=True),
        ]

    def test_let_in_one_distribution_and_not_every(self, read: Read) -> None:
        origin = read(policy("s3:GetObject", distribution="ANOTHER")).behaviors[-1].origin
        assert origin == BucketOrigin(bucket="files", readable=False, listable=False)

    def test_are_not_read_without_a_signature(self, read: Read) -> None:
        unsigned = {name: value for name, value in FILES.items() if name != "OriginAccessControlId"}
        origin = read(policy("s3:GetObject"), Origins=[unsigned]).behaviors[-1].origin
        assert origin == BucketOrigin(bucket="files", readable=False, listable=False)


class TestApis:
    @pytest.mark.parametrize("host", [API, API_FROM_URL], ids=["by name", "from its address"])
    def test_are_those_of_the_app(self, read: Read, host: Any) -> None:
        headers = [{"HeaderName": "X-Proof", "HeaderValue": "secret"}]
        api = {"Id": "api", "DomainName": host, "CustomOriginConfig": {}, "OriginCustomHeaders": headers}
        behavior = DEFAULT | {
            "PathPattern": "/v1/*",
            "TargetOriginId": "api",
            "CachePolicyId": DISABLED,
            "OriginRequestPolicyId": ALL_BUT_HOST,
            "AllowedMethods": ["GET", "HEAD", "POST"],
        }
        first, last = read(Origins=[FILES, api], CacheBehaviors=[behavior]).behaviors
        assert first.origin == ApiOrigin(port=7001, headers={"x-proof": "secret"})
        assert (first.pattern, first.forwards, first.compress) == ("/v1/*", True, False)
        assert first.methods == {"GET", "HEAD", "POST"}
        assert (last.pattern, last.forwards, last.compress) == ("*", False, True)
        assert last.methods == {"GET", "HEAD"}

    @pytest.mark.parametrize("host", ["example.com", "abcdefghij.execute-api.eu-west-1.amazonaws.com"])
    def test_nobody_else_is_asked(self, read: Read, host: str) -> None:
        with pytest.raises(Unresolvable, match=host):
            read(Origins=[FILES | {"DomainName": host, "CustomOriginConfig": {}}])


class TestPolicies:
    def test_headers_are_those_of_their_policy(self, read: Read) -> None:
        config = {
            "Name": "headers",
            "SecurityHeadersConfig": {
                "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'none'", "Override": True},
                "ContentTypeOptions": {"Override": False},
                "FrameOptions": {"FrameOption": "DENY", "Override": True},
                "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
                "StrictTransportSecurity": {"AccessControlMaxAgeSec": 9, "IncludeSubdomains": True, "Override": True},
                "XSSProtection": {"Protection": True, "ModeBlock": True, "Override": True},
            },
            "CustomHeadersConfig": {"Items": [{"Header": "X-Shop", "Value": "ours", "Override": False}]},
            "RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
        }
        properties = {"ResponseHeadersPolicyConfig": config}
        more = {"Headers": {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": properties}}
        behavior = DEFAULT | {"ResponseHeadersPolicyId": {"Ref": "Headers"}}
        (found,) = read(more, DefaultCacheBehavior=behavior).behaviors
        assert found.added == (
            AddedHeader(name="content-security-policy", value="default-src 'none'", override=True),
            AddedHeader(name="x-content-type-options", value="nosniff", override=False),
            AddedHeader(name="x-frame-options", value="DENY", override=True),
            AddedHeader(name="referrer-policy", value="no-referrer", override=True),
            AddedHeader(name="strict-transport-security", value="max-age=9; includeSubDomains", override=True),
            AddedHeader(name="x-xss-protection", value="1; mode=block", override=True),
            AddedHeader(name="x-shop", value="ours", override=False),
        )
        assert found.removed == {"server"}

    @pytest.mark.parametrize("name", ["CachePolicyId", "OriginRequestPolicyId", "ResponseHeadersPolicyId"])
    def test_others_are_refused_by_name(self, read: Read, name: str) -> None:
        with pytest.raises(Unresolvable, match="5cc3b908-e619-4b99-88e5-2cf7f45965bd"):
            read(DefaultCacheBehavior=DEFAULT | {name: "5cc3b908-e619-4b99-88e5-2cf7f45965bd"})


class TestPages:
    def test_are_those_that_errors_have(self, read: Read) -> None:
        """An error without a page is passed on."""
        errors = [
            {"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/index.html"},
            {"ErrorCode": 500, "ErrorCachingMinTTL": 0},
        ]
        found = read(DefaultRootObject="index.html", CustomErrorResponses=errors)
        assert (found.root, found.error_pages) == ("index.html", {404: ErrorPage(path="/index.html", status=200)})


class TestNames:
    def test_lead_here(self, resolver: Callable[..., Resolver]) -> None:
        found = resolver(shop={"Resources": {"Site": {"Type": "AWS::CloudFront::Distribution", "Properties": {}}}})
        name = {"Fn::GetAtt": ["Site", "DomainName"]}
        url = {"Fn::Join": ["", ["see https://", name, "/cart"]]}
        (site,) = found.assembly.resources()
        assert found.resolve("shop", {"Ref": "Site"}) == distribution_id(site)
        assert found.resolve("shop", name) == "127.0.0.1:8001"
        assert found.resolve("shop", url) == "see http://127.0.0.1:8001/cart"

    def test_of_buckets_too(self, resolver: Callable[..., Resolver]) -> None:
        """Here they are in the path; what is an origin stays one."""
        found = resolver(shop={"Resources": {}})
        text = f"https://{BUCKET} https://files.s3.amazonaws.com/a/b https://files.s3.eu-north-1.amazonaws.com/"
        assert found.resolve("shop", text) == (
            "http://127.0.0.1:6007 http://127.0.0.1:6007/files/a/b https://files.s3.eu-north-1.amazonaws.com/"
        )
