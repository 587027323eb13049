"""The rules of AWS WAF before a distribution. What they let through meets the limits of the protocol behind them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.config import Stage
from natter import names

REGION = "us-east-1"
"""Where what belongs to CloudFront is made and measured, wherever a stage is."""

WINDOW_S = 300
AT_AN_ADDRESS = 10
"""Users at their limits whom one address may speak for, in all: many are behind one, and few of them so busy."""
BLOCK_S = 60
"""After which an address that was over its rate may have come below it."""
REFUSED = "refused"
BODIES = ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY")
"""Rules that look for attacks in what people say: they may talk about them."""

type Statement = waf.CfnWebACL.StatementProperty


FIREWALL, DISTRIBUTION = "firewall", "distribution"


def parameter(stage: Stage, *, of: str = FIREWALL) -> str:
    """In which Systems Manager, in `REGION`, holds the firewall's ARN, or the distribution's id."""
    return f"/natter/{stage.name}/{of}"


class Firewall(Construct):
    """One address gets no more than all its people together could use, and none sends much to where nobody is known."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self.name = f"natter-{stage.name}"
        problem = {
            "title": "Too Many Requests",
            "status": 429,
            "code": "rate_limited",
            "retry_after_ms": BLOCK_S * 1000,
        }
        self.acl = waf.CfnWebACL(
            self,
            "Acl",
            name=self.name,
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen(self.name),
            custom_response_bodies={
                REFUSED: waf.CfnWebACL.CustomResponseBodyProperty(
                    content_type="APPLICATION_JSON",
                    content=json.dumps({"type": "about:blank", **problem, "detail": "too many from this address"}),
                )
            },
            association_config=waf.CfnWebACL.AssociationConfigProperty(
                request_body={
                    "CLOUDFRONT": waf.CfnWebACL.RequestBodyAssociatedResourceTypeConfigProperty(
                        default_size_inspection_limit="KB_32"
                    )
                }
            ),
            rules=list(_numbered(_rules(stage))),
        )


def within(stage: Stage, *limits: str) -> int:
    """
    What an address may ask in a window by these limits of the protocol, or those of the stage: as much as their
    buckets let through, so that nobody is refused here who would not be refused behind, where it is said why.
    """
    buckets = names.RATES | stage.limits
    return sum(ceil(rate * WINDOW_S) + burst for rate, burst in (buckets[limit] for limit in limits))


def _rules(stage: Stage) -> Iterator[Mapping[str, Any]]:
    yield _managed("AWSManagedRulesAmazonIpReputationList")
    yield _managed("AWSManagedRulesKnownBadInputsRuleSet", counted=BODIES)
    sign_up, sign_in = _posts("/v1/users"), _all(_posts("/v1/sessions"), _not(_path("/v1/sessions/refresh")))
    yield _rule("large-bodies", _all(_any(sign_up, _posts("/v1/sessions")), _larger(names.OPEN_BODY_LIMIT_BYTES)), 413)
    yield _rate("sign-up", sign_up, within(stage, "sign_up_address"))
    yield _rate("sign-in", sign_in, within(stage, "sign_in_address", "sign_in_from"))
    yield _rate("all", None, AT_AN_ADDRESS * within(stage, "http"))


def _numbered(rules: Iterator[Mapping[str, Any]]) -> Iterator[waf.CfnWebACL.RuleProperty]:
    for priority, rule in enumerate(rules):
        yield waf.CfnWebACL.RuleProperty(priority=priority, visibility_config=_seen(rule["name"]), **rule)


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Counted. Samples would show whole requests in the console: tokens, and whose."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _managed(name: str, *, counted: Sequence[str] = ()) -> Mapping[str, Any]:
    """AWS's own rules; those that are `counted` refuse nobody."""
    overrides = [
        waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={}))
        for rule in counted
    ]
    group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=name, rule_action_overrides=overrides or None
    )
    statement = waf.CfnWebACL.StatementProperty(managed_rule_group_statement=group)
    return {
        "name": name,
        "statement": statement,
        "override_action": waf.CfnWebACL.OverrideActionProperty(none={}),
    }


def _rule(name: str, statement: Statement, status: int, **answer: Any) -> Mapping[str, Any]:
    response = waf.CfnWebACL.CustomResponseProperty(response_code=status, **answer)
    block = waf.CfnWebACL.BlockActionProperty(custom_response=response)
    return {"name": name, "statement": statement, "action": waf.CfnWebACL.RuleActionProperty(block=block)}


def _rate(name: str, among: Statement | None, limit: int) -> Mapping[str, Any]:
    counted = waf.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP", evaluation_window_sec=WINDOW_S, limit=limit, scope_down_statement=among
    )
    later = waf.CfnWebACL.CustomHTTPHeaderProperty(name="retry-after", value=str(BLOCK_S))
    statement = waf.CfnWebACL.StatementProperty(rate_based_statement=counted)
    return _rule(name, statement, 429, custom_response_body_key=REFUSED, response_headers=[later])


def _posts(path: str) -> Statement:
    method = waf.CfnWebACL.StatementProperty(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(method={}),
            positional_constraint="EXACTLY",
            search_string="POST",
            text_transformations=[_transformation(0, "NONE")],
        )
    )
    return _all(method, _path(path))


def _path(beginning: str) -> Statement:
    """However it is written: the gateway behind undoes percent signs, too."""
    return waf.CfnWebACL.StatementProperty(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint="STARTS_WITH",
            search_string=beginning,
            text_transformations=[_transformation(0, "URL_DECODE"), _transformation(1, "NORMALIZE_PATH")],
        )
    )


def _larger(than: int) -> Statement:
    """A body of more than WAF looks at is one."""
    body = waf.CfnWebACL.BodyProperty(oversize_handling="MATCH")
    return waf.CfnWebACL.StatementProperty(
        size_constraint_statement=waf.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(body=body),
            comparison_operator="GT",
            size=than,
            text_transformations=[_transformation(0, "NONE")],
        )
    )


def _transformation(priority: int, type_: str) -> waf.CfnWebACL.TextTransformationProperty:
    return waf.CfnWebACL.TextTransformationProperty(priority=priority, type=type_)


def _all(*statements: Statement) -> Statement:
    both = waf.CfnWebACL.AndStatementProperty(statements=list(statements))
    return waf.CfnWebACL.StatementProperty(and_statement=both)


def _any(*statements: Statement) -> Statement:
    either = waf.CfnWebACL.OrStatementProperty(statements=list(statements))
    return waf.CfnWebACL.StatementProperty(or_statement=either)


def _not(statement: Statement) -> Statement:
    return waf.CfnWebACL.StatementProperty(not_statement=waf.CfnWebACL.NotStatementProperty(statement=statement))
