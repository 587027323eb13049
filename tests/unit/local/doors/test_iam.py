"""What roles of a template may do; the rules are those of "Policy evaluation logic" (IAM user guide)."""

from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable
from local.doors.iam import Grants, Statement, grants
from tests.unit.local.assembly.conftest import resolver

__all__ = ["resolver"]

type Make = Callable[..., Resolver]

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:files"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def allow(action: str, resource: str, *conditions: tuple[str, str, tuple[str, ...]], allows: bool = True) -> Statement:
    return Statement(allows=allows, actions=(action,), resources=(resource,), conditions=conditions)


def may(*statements: Statement, action: str = "sqs:SendMessage", resource: str = QUEUE, **context: str) -> bool:
    keys = {name.replace("_", ":"): value for name, value in context.items()}
    return Grants({"me": statements}).allow("me", action, resource, keys)


class TestGrants:
    def test_nothing_is_allowed_that_nobody_allows(self) -> None:
        assert not may()
        assert not may(allow("sqs:ReceiveMessage", QUEUE))
        assert not may(allow("sqs:SendMessage", QUEUE + "2"))
        assert not Grants({"me": [allow("sqs:SendMessage", QUEUE)]}).allow("you", "sqs:SendMessage", QUEUE)

    @pytest.mark.parametrize(
        ("action", "resource"), [("sqs:sendmessage", QUEUE), ("sqs:Send*", "*"), ("*", QUEUE[:-1] + "?")]
    )
    def test_actions_and_resources_may_be_patterns(self, action: str, resource: str) -> None:
        assert may(allow(action, resource))

    def test_letters_of_a_pattern_stand_for_themselves(self) -> None:
        assert not may(allow("sqs:SendMessage", QUEUE.replace(":", ".")))
        assert not may(allow("sqs:SendMessage", QUEUE.upper()))

    def test_who_is_denied_is_not_allowed_by_anything_else(self) -> None:
        assert not may(allow("sqs:*", "*"), allow("sqs:SendMessage", QUEUE, allows=False))
        assert may(allow("sqs:*", "*"), allow("sqs:DeleteMessage", QUEUE, allows=False))

    def test_a_condition_has_to_hold(self) -> None:
        statement = allow("sqs:SendMessage", QUEUE, ("StringEquals", "a:b", ("1", "2")))
        assert may(statement, a_b="2")
        assert not may(statement, a_b="3")
        assert not may(statement)

    def test_a_negated_condition_holds_without_its_key(self) -> None:
        statement = allow("sqs:SendMessage", QUEUE, ("StringNotLike", "a:b", ("x*",)))
        assert may(statement)
        assert may(statement, a_b="y")
        assert not may(statement, a_b="xy")


class TestTemplates:
    def template(self, *statements: dict[str, Any]) -> dict[str, Any]:
        return {
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "Policies": [{"PolicyName": "own", "PolicyDocument": {"Statement": [grant("a:Own", "*")]}}]
                    },
                },
                "Policy": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": list(statements)}},
                },
            }
        }

    def test_of_a_role_are_inline_and_attached_and_resolved(self, resolver: Make) -> None:
        key = {"Fn::Join": ["", ["arn:aws:kms:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":key/1"]]}
        conditions = {"StringEquals": {"kms:EncryptionContext:SecretARN": ["s"]}}
        made = resolver(main=self.template(grant("kms:Decrypt", key, Condition=conditions)))
        role = made.attribute("main", "Role", "Arn")
        found = grants(made)
        assert found.allow(role, "a:Own", "x")
        assert found.allow(role, "kms:Decrypt", KEY, {"kms:encryptioncontext:secretarn": "s"})
        assert not found.allow(role, "kms:Decrypt", KEY)

    @pytest.mark.parametrize(
        "statement",
        [
            {"Effect": "Allow", "NotAction": "a:B", "Resource": "*"},
            {"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"NumericLessThan": {"a:b": 1}}},
        ],
    )
    def test_what_is_not_understood_is_named(self, resolver: Make, statement: dict[str, Any]) -> None:
        with pytest.raises(Unresolvable, match=r"main\.?.*Policy.*NotAction|Policy.*NumericLessThan"):
            grants(resolver(main=self.template(statement)))


def grant(action: str, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}
