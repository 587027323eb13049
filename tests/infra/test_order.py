"""
What CloudFormation would make before it can work: it knows of an order only where one resource names another, or says
that it depends on it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infra.templates import Templates

type Resources = Mapping[str, Mapping[str, Any]]


ONE_OF = {
    "AWS::CloudWatch::CompositeAlarm": ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"),
    "AWS::Cassandra::Table": ("AWS::Cassandra::Keyspace",),
    "Custom::AWS": ("AWS::IAM::Policy",),
}
"""Types of which one has to be there before."""
ALL_OF = {"AWS::RDS::DBProxyTargetGroup": "AWS::RDS::DBInstance"}
"""Types of which all have to be."""


def too_early(resources: Resources) -> Iterator[str]:
    """What may be made, and run or be asked, before what it needs is there."""
    for name, resource in resources.items():
        before = _all_before(name, resources)
        type_ = resource["Type"]
        if type_ in ONE_OF and not any(resources[each]["Type"] in ONE_OF[type_] for each in before):
            yield f"{name} before {ONE_OF[type_]}"
        needed = _allowing(resource, resources)
        if type_ in ALL_OF:
            needed = {each for each, made in resources.items() if made["Type"] == ALL_OF[type_]}
        if not needed <= before:
            yield f"{name} before {sorted(needed - before)}"


def _allowing(resource: Mapping[str, Any], resources: Resources) -> set[str]:
    """
    The policies without which it fails: of a function that may run at once, and of one whose source Lambda looks at,
    when it is joined to it. Helpers of the CDK wait for theirs where they are used.
    """
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::Lambda::EventSourceMapping":
            return _policies(_role(properties["FunctionName"], resources), resources)
        case "AWS::Lambda::Function" if "FunctionName" in properties:
            return _policies(properties["Role"], resources)
    return set()


def _all_before(name: str, resources: Resources) -> set[str]:
    found, waiting = set[str](), [name]
    while waiting:
        for each in _before(resources[waiting.pop()]):
            if each in resources and each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _before(resource: Mapping[str, Any]) -> set[str]:
    depends = resource.get("DependsOn", [])
    stated = {depends} if isinstance(depends, str) else set(depends)
    return stated | set(_named(resource.get("Properties", {})))


def _named(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict() | list():
            for each in value.values() if isinstance(value, dict) else value:
                yield from _named(each)


def _role(function: Any, resources: Resources) -> Any:
    """Of a function, or of that of an alias."""
    for name in _named(function):
        properties = resources[name]["Properties"]
        return properties["Role"] if "Role" in properties else _role(properties["FunctionName"], resources)
    raise AssertionError(function)


def _policies(role: Any, resources: Resources) -> set[str]:
    (role_name,) = _named(role)
    return {
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role_name} in resource["Properties"]["Roles"]
    }


def test_nothing_is_made_before_what_it_needs(app: Templates) -> None:
    for path in sorted(app.folder.glob("*.template.json")):
        assert list(too_early(json.loads(path.read_text())["Resources"])) == [], path.name


_POLICY = {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}]}}
_FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"FunctionName": "f", "Role": {"Fn::GetAtt": ["Role", "Arn"]}},
    "DependsOn": ["Policy"],
}


@pytest.mark.parametrize(
    "resources",
    [
        {"Policy": _POLICY, "Function": _FUNCTION | {"DependsOn": []}},
        {"Asked": {"Type": "Custom::AWS"}},
        {"Targets": {"Type": "AWS::RDS::DBProxyTargetGroup"}, "Writer": {"Type": "AWS::RDS::DBInstance"}},
        {"Either": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": 'ALARM("by name")'}}},
        {"Table": {"Type": "AWS::Cassandra::Table", "Properties": {"KeyspaceName": "by name"}}},
    ],
)
def test_what_would_be_made_too_early_is_found(resources: Resources) -> None:
    assert len(list(too_early(resources))) == 1


def test_what_waits_is_fine() -> None:
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Function"}}}
    assert list(too_early({"Policy": _POLICY, "Function": _FUNCTION, "Mapping": mapping})) == []
