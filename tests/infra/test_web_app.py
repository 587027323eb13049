"""The web app: on one origin with the API, its files read by the distribution alone, and what browsers are told."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.blocks.web_app import BUILT, content_security_policy
from natter.settings import WebAppSettings
from tests.infra.stages import STAGES
from tests.infra.templates import Templates
from tests.infra.test_edge import distribution

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""CloudFront's managed policy, by id: what it has to ask about is kept for a second, all else as its origin says."""
ONCE_A_YEAR_S = 31_536_000


@pytest.fixture(params=["dev", "prod", "varied"])
def every(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


def headers(app: Templates) -> dict[str, Any]:
    """Those of the app's own files."""
    used = distribution(app)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]["Ref"]
    return dict(app.stack("services")["Resources"][used]["Properties"]["ResponseHeadersPolicyConfig"])


def policy(app: Templates) -> dict[str, list[str]]:
    """The Content-Security-Policy: directive -> sources; what is known only then stands in braces."""
    stated = headers(app)["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    text = "".join(part if isinstance(part, str) else "{" + _name(part) + "}" for part in stated["Fn::Join"][1])
    return {name: sources for name, *sources in (each.split() for each in text.split("; "))}


def deployments(app: Templates) -> dict[str, Mapping[str, Any]]:
    found = list(app.properties("Custom::CDKBucketDeployment"))
    return {"assets" if "Include" in each else "shell": each for each in found}


class TestFiles:
    def test_are_read_by_this_distribution_and_by_nobody_else(self, every: Templates) -> None:
        bucket = every.only("AWS::S3::Bucket", "services")["Properties"]
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert "WebsiteConfiguration" not in bucket
        statements = every.only("AWS::S3::BucketPolicy", "services")["Properties"]["PolicyDocument"]["Statement"]
        let_in = [
            each for each in statements if each["Effect"] == "Allow" and "DeleteObject" not in str(each["Action"])
        ]
        (reading,) = let_in
        assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert set(reading["Action"]) == {"s3:GetObject", "s3:ListBucket"}  # else what is not there is 403
        (own,) = (name for name, each in every.stack("services")["Resources"].items() if _is_distribution(each))
        assert reading["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Join"][1][-1] == {"Ref": own}

    def test_are_asked_for_with_a_signature(self, every: Templates) -> None:
        (origin,) = [each for each in distribution(every)["Origins"] if "S3OriginConfig" in each]
        control = every.one("AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
        assert origin["OriginAccessControlId"]["Fn::GetAtt"][1] == "Id"
        assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
        assert (control["SigningBehavior"], control["OriginAccessControlOriginType"]) == ("always", "s3")

    def test_are_asked_for_over_tls_only(self, every: Templates) -> None:
        statements = every.only("AWS::S3::BucketPolicy", "services")["Properties"]["PolicyDocument"]["Statement"]
        refused = [each["Condition"] for each in statements if each["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in refused

    def test_nobody_lists_them_by_the_distribution(self, every: Templates) -> None:
        """Its root is a file, and no query reaches the bucket."""
        behavior = distribution(every)["DefaultCacheBehavior"]
        assert distribution(every)["DefaultRootObject"] == "index.html"
        assert "OriginRequestPolicyId" not in behavior
        assert (behavior["CachePolicyId"], set(behavior["AllowedMethods"])) == (CACHING_OPTIMIZED, {"GET", "HEAD"})

    def test_are_compressed_and_come_over_http_3(self, every: Templates) -> None:
        assert distribution(every)["DefaultCacheBehavior"]["Compress"] is True
        assert distribution(every)["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
        assert distribution(every)["HttpVersion"] == "http2and3"

    def test_none_is_shown_in_the_place_of_an_answer(self, every: Templates) -> None:
        """The API's errors are its own, and the app's addresses have all one path."""
        assert not any("ResponsePagePath" in each for each in distribution(every)["CustomErrorResponses"])


class TestDeployment:
    def test_what_has_a_digest_in_its_name_is_kept_for_good(self, every: Templates) -> None:
        assets = deployments(every)["assets"]
        assert assets["SystemMetadata"] == {"cache-control": f"public, max-age={ONCE_A_YEAR_S}, immutable"}
        assert (assets["Exclude"], assets["Include"]) == (["*"], ["assets/*"])

    def test_all_else_is_asked_about_each_time(self, every: Templates) -> None:
        shell = deployments(every)["shell"]
        assert shell["SystemMetadata"] == {"cache-control": "no-cache"}
        assert shell["Exclude"] == ["assets/*"]
        assert shell["DistributionPaths"] == ["/*"]

    def test_does_not_wait_for_edges_to_forget(self, every: Templates) -> None:
        """CloudFormation says `false` as text, which is true to who is told it."""
        assert deployments(every)["shell"]["WaitForDistributionInvalidation"] == ""

    def test_removes_nothing_that_open_pages_may_ask_for(self, every: Templates) -> None:
        assert [each["Prune"] for each in deployments(every).values()] == [False, False]

    def test_shows_nothing_before_what_it_asks_is_there(self, every: Templates) -> None:
        resources = every.stack("services")["Resources"]
        (after,) = (
            each["DependsOn"]
            for each in resources.values()
            if each["Type"] == "Custom::CDKBucketDeployment" and "Include" not in each["Properties"]
        )
        types = [resources[name]["Type"] for name in after]
        assert "Custom::CDKBucketDeployment" in types
        kind = "AWS::Lambda::Alias" if STAGES[every.stage].canaries else "AWS::Lambda::Function"
        assert {re.match("[A-Z][a-z]+Api", name)[0] for name in after if resources[name]["Type"] == kind} == {  # type: ignore[index]
            "ChatApi",
            "UsersApi",
        }

    def test_says_what_only_the_stage_knows(self, every: Templates) -> None:
        """In `config.json`, the one file that is not the same in all stages."""
        shell = deployments(every)["shell"]
        (asset,) = [key.removesuffix(".zip") for key in shell["SourceObjectKeys"] if key not in _keys(every)]
        config = (every.folder / f"asset.{asset}" / "config.json").read_text()
        for mark, known in shell["SourceMarkers"][1].items():
            config = config.replace(mark, _text(known))
        oidc = STAGES[every.stage].oidc
        assert json.loads(config) == {
            "websocket_url": f"wss://api.execute-api.{STAGES[every.stage].region or 'Region'}.URLSuffix/{every.stage}",
            "oidc": None if oidc is None else {"issuer": oidc.issuer, "client_id": oidc.audience},
        }

    def test_is_of_what_was_built_without_its_sources(self, every: Templates) -> None:
        (asset,) = [key.removesuffix(".zip") for key in _keys(every)]
        copied, built = (
            {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
            for folder in (every.folder / f"asset.{asset}", BUILT)
        )
        assert copied == {path for path in built if path.suffix != ".map"}
        assert copied


class TestPolicy:
    def test_nothing_inline_and_nothing_evaluated(self, every: Templates) -> None:
        stated = policy(every)
        sources = {source for each in stated.values() for source in each}
        assert not {source for source in sources if source.startswith("'unsafe-")}
        assert sources.isdisjoint({"*", "data:", "https:", "http:", "wss:"})
        assert (stated["default-src"], stated["script-src"], stated["style-src"]) == (
            ["'none'"],
            ["'self'"],
            ["'self'"],
        )
        assert (stated["require-trusted-types-for"], stated["trusted-types"]) == (["'script'"], ["natter"])
        assert (stated["base-uri"], stated["frame-ancestors"], stated["worker-src"]) == (
            ["'none'"],
            ["'none'"],
            ["'self'"],
        )

    def test_pages_connect_to_their_own_origin_the_sockets_the_files_and_the_provider(self, every: Templates) -> None:
        own, *others = policy(every)["connect-src"]
        assert own == "'self'"
        sockets = [each for each in others if each.startswith("wss://")]
        region = STAGES[every.stage].region or "{AWS::Region}"
        assert [each.partition(".")[2] for each in sockets] == [
            f"execute-api.{region}.{{AWS::URLSuffix}}/{every.stage}"
        ]
        files = [each for each in others if "Attachments" in each]
        assert len(files) == 2
        assert policy(every)["img-src"] == policy(every)["media-src"] == ["'self'", "blob:", *files]
        provider = [each for each in others if each not in {*sockets, *files}]
        assert provider == (
            ["https://login.example", "https://tokens.login.example"] if STAGES[every.stage].oidc else []
        )

    def test_is_short_enough_for_cloudfront(self) -> None:
        """1,783 characters, with names as long as they may be ("Quotas on headers")."""
        bucket = f"https://{'b' * 63}.s3.ap-southeast-1.amazonaws.com"
        asked = [f"wss://{'a' * 10}.execute-api.ap-southeast-1.amazonaws.com/prod", *["https://" + "i" * 60] * 2]
        assert len(content_security_policy(asked=[*asked, bucket, bucket], shown=[bucket, bucket])) < 1_783

    def test_other_headers_are_those_of_a_page_that_stands_alone(self, every: Templates) -> None:
        security = headers(every)["SecurityHeadersConfig"]
        assert security["ContentTypeOptions"] == {"Override": True}
        assert security["FrameOptions"] == {"FrameOption": "DENY", "Override": True}
        assert security["ReferrerPolicy"] == {"ReferrerPolicy": "no-referrer", "Override": True}
        custom = {each["Header"]: each["Value"] for each in headers(every)["CustomHeadersConfig"]["Items"]}
        assert custom["cross-origin-opener-policy"] == custom["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in custom["permissions-policy"]


class TestOrigin:
    def test_is_the_apis_too(self, every: Templates) -> None:
        """`users_api` knows it: its pages may use the cookie."""
        outputs = every.stack("services")["Outputs"]
        told = every.functions()["users_api"]["Environment"]["Variables"]["NATTER_WEB_APP__HOST"]
        edge = STAGES[every.stage].edge
        if edge is not None:
            assert (told, outputs["AppUrl"]["Value"]) == (edge.host, f"https://{edge.host}")
            assert outputs["HttpUrl"]["Value"] == outputs["AppUrl"]["Value"]
        else:
            (own,) = (name for name, each in every.stack("services")["Resources"].items() if _is_distribution(each))
            assert told == {"Fn::GetAtt": [own, "DomainName"]}
            assert outputs["AppUrl"]["Value"] == {"Fn::Join": ["", ["https://", told]]}

    @pytest.mark.parametrize("host", ["chat.natter.test", "d111111abcdef8.cloudfront.net", "127.0.0.1:15000"])
    def test_is_understood(self, host: str) -> None:
        assert WebAppSettings(host=host).host == host


def _is_distribution(resource: Mapping[str, Any]) -> bool:
    return str(resource["Type"]) == "AWS::CloudFront::Distribution"


def _keys(app: Templates) -> list[str]:
    return list(deployments(app)["assets"]["SourceObjectKeys"])


def _text(known: Any) -> str:
    """With names in the place of what only AWS knows."""
    if isinstance(known, str):
        return known
    if "Fn::Join" in known:
        return "".join(map(_text, known["Fn::Join"][1]))
    return _name(known).partition("::")[2] or "api"


def _name(part: Mapping[str, Any]) -> str:
    (value,) = part.values()
    return str(value)
