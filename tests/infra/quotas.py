"""
AWS's quotas on what a template declares, and what of a template exceeds them.

CloudFormation: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

TEMPLATE_BYTES = 1024 * 1024
RESOURCES = 500
OUTPUTS = 200
PARAMETERS = 200
ENVIRONMENT_BYTES = 4096
LAYERS = 5
UNZIPPED_BYTES = 250 * 1024 * 1024
"""Of a function and its layers together."""
ROLE_POLICIES_BYTES = 10_240
"""Of all policies inside of a role, without white space."""
MANAGED_POLICIES = 10
PSEUDO_BYTES = {"AWS::AccountId": 12, "AWS::Partition": 10, "AWS::Region": 16, "AWS::URLSuffix": 18}
"""Of what every template may refer to, the longest that there is, and a little more."""
TOKEN_BYTES = 100
"""What is known at the deployment only (an ARN, an address), at most."""


def exceeded(template: Mapping[str, Any]) -> Iterator[str]:
    resources = template["Resources"]
    for what, count, limit in (
        ("bytes", len(json.dumps(template, separators=(",", ":")).encode()), TEMPLATE_BYTES),
        ("resources", len(resources), RESOURCES),
        ("outputs", len(template.get("Outputs", {})), OUTPUTS),
        ("parameters", len(template.get("Parameters", {})), PARAMETERS),
    ):
        if count > limit:
            yield f"{count} {what}, {limit} at most"
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Function":
                yield from _of_function(name, properties)
            case "AWS::IAM::Role":
                count = len(properties.get("ManagedPolicyArns", []))
                if count > MANAGED_POLICIES:
                    yield f"{name}: {count} managed policies"
    for role, size in _policies(resources).items():
        if size > ROLE_POLICIES_BYTES:
            yield f"{role}: policies of {size} bytes"


def _of_function(name: str, function: Mapping[str, Any]) -> Iterator[str]:
    variables = function.get("Environment", {}).get("Variables", {})
    size = sum(len(key.encode()) + length(value) for key, value in variables.items())
    if size > ENVIRONMENT_BYTES:
        yield f"{name}: an environment of {size} bytes"
    if len(function.get("Layers", [])) > LAYERS:
        yield f"{name}: {len(function['Layers'])} layers"


def _policies(resources: Mapping[str, Mapping[str, Any]]) -> Mapping[str, int]:
    """By the logical id of the role."""
    sizes: dict[str, int] = defaultdict(int)
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy":
            for role in properties.get("Roles", []):
                sizes[json.dumps(role)] += length(properties["PolicyDocument"])
        for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
            sizes[json.dumps({"Ref": name})] += length(policy["PolicyDocument"])
    return sizes


def length(value: Any) -> int:
    """In bytes when it is deployed, at most: what is known only then counts as `TOKEN_BYTES`."""
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return sum(map(_text, parts)) + len(between) * max(0, len(parts) - 1)
        case {"Ref": str(name)} if name in PSEUDO_BYTES:
            return PSEUDO_BYTES[name]
        case dict() if _is_token(value):
            return TOKEN_BYTES
        case dict():
            return 2 + sum(len(key) + 4 + length(each) for key, each in value.items())
        case list():
            return 2 + sum(1 + length(each) for each in value)
        case _:
            return len(json.dumps(value))


def _text(part: Any) -> int:
    return len(part.encode()) if isinstance(part, str) else length(part)


def _is_token(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
