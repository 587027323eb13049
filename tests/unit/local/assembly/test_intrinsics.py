from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable

type Make = Callable[..., Resolver]

TEMPLATE = {
    "Parameters": {"Size": {"Type": "Number", "Default": 3}, "Nothing": {"Type": "String"}},
    "Mappings": {"Zones": {"eu-west-1": {"first": "a"}}},
    "Conditions": {
        "InEurope": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        "Elsewhere": {"Fn::Not": [{"Condition": "InEurope"}]},
        "Both": {"Fn::And": [{"Condition": "InEurope"}, {"Condition": "Elsewhere"}]},
        "Either": {"Fn::Or": [{"Condition": "InEurope"}, {"Condition": "Elsewhere"}]},
    },
    "Resources": {
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a/log"}},
        "Never": {"Type": "AWS::Logs::LogGroup", "Condition": "Elsewhere"},
        "Queue": {"Type": "AWS::SQS::Queue"},
    },
}


class TestFunctions:
    @pytest.mark.parametrize(
        ("expected", "value"),
        [
            ("eu-west-1", {"Ref": "AWS::Region"}),
            ("123456789012", {"Ref": "AWS::AccountId"}),
            (3, {"Ref": "Size"}),
            ("/a/log", {"Ref": "Log"}),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/a/log:*", {"Fn::GetAtt": ["Log", "Arn"]}),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/a/log:*", {"Fn::GetAtt": "Log.Arn"}),
            ("a-/a/log", {"Fn::Join": ["-", ["a", {"Ref": "Log"}]]}),
            ("3 in eu-west-1, ${kept}", {"Fn::Sub": "${Size} in ${AWS::Region}, ${!kept}"}),
            ("x=/a/log", {"Fn::Sub": ["x=${it}", {"it": {"Ref": "Log"}}]}),
            ("b", {"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}),
            ("a", {"Fn::FindInMap": ["Zones", {"Ref": "AWS::Region"}, "first"]}),
            ("eu-west-1c", {"Fn::Select": [2, {"Fn::GetAZs": ""}]}),
            (["10.0.0.0/24", "10.0.1.0/24"], {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}),
            ("aGk=", {"Fn::Base64": "hi"}),
            ('{"a": "/a/log"}', {"Fn::ToJsonString": {"a": {"Ref": "Log"}}}),
            ("yes", {"Fn::If": ["InEurope", "yes", "no"]}),
            ("no", {"Fn::If": ["Both", "yes", "no"]}),
            ("yes", {"Fn::If": ["Either", "yes", "no"]}),
            ({"kept": 1}, {"kept": 1, "gone": {"Fn::If": ["Elsewhere", 2, {"Ref": "AWS::NoValue"}]}}),
            ([1], [1, {"Ref": "AWS::NoValue"}]),
        ],
    )
    def test_give_what_cloudformation_gives(self, resolver: Make, expected: Any, value: Any) -> None:
        assert resolver(main=TEMPLATE).resolve("main", value) == expected

    @pytest.mark.parametrize(
        ("named", "value"),
        [
            ("Missing", {"Ref": "Missing"}),
            ("Queue", {"Fn::GetAtt": ["Queue", "QueueUrl"]}),
            ("QueueUrl", {"Fn::GetAtt": ["Queue", "QueueUrl"]}),
            ("Nothing", {"Ref": "Nothing"}),
            ("Fn::Transform", {"Fn::Transform": {"Name": "x"}}),
            ("unknown:export", {"Fn::ImportValue": "unknown:export"}),
            ("Nowhere", {"Fn::If": ["Nowhere", 1, 2]}),
            ("Fn::Select", {"Fn::Select": [4, ["a"]]}),
        ],
    )
    def test_that_cannot_be_resolved_are_named(self, resolver: Make, named: str, value: Any) -> None:
        with pytest.raises(Unresolvable, match=named):
            resolver(main=TEMPLATE).resolve("main", value)


class TestStacks:
    def test_import_what_others_export(self, resolver: Make) -> None:
        exporter = TEMPLATE | {"Outputs": {"Out": {"Value": {"Ref": "Log"}, "Export": {"Name": "a:log"}}}}
        assert resolver(a=exporter, b={}).resolve("b", {"Fn::ImportValue": "a:log"}) == "/a/log"

    def test_outputs_leave_out_what_is_only_for_other_stacks(self, resolver: Make) -> None:
        outputs = {"Url": {"Value": {"Ref": "Log"}}, "Out": {"Value": "x", "Export": {"Name": "a:x"}}}
        assert resolver(a=TEMPLATE | {"Outputs": outputs}).outputs("a") == {"Url": "/a/log"}

    def test_resource_whose_condition_fails_does_not_exist(self, resolver: Make) -> None:
        made = resolver(main=TEMPLATE)
        resources = made.assembly.stacks["main"].resources
        assert [name for name, resource in resources.items() if not made.exists(resource)] == ["Never"]
