"""No template asks for more than AWS takes, in any stage."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.quotas import (
    ENVIRONMENT_BYTES,
    LAYERS,
    MANAGED_POLICIES,
    OUTPUTS,
    RESOURCES,
    ROLE_POLICIES_BYTES,
    TEMPLATE_BYTES,
    TOKEN_BYTES,
    exceeded,
    length,
)
from tests.infra.stages import STAGES
from tests.infra.templates import Templates


@pytest.mark.parametrize("name", STAGES)
def test_no_stack_exceeds_a_quota(name: str, stages: Callable[[str], Templates]) -> None:
    stage = stages(name)
    files = sorted(file.name.removesuffix(".template.json") for file in stage.folder.glob("*.template.json"))
    stacks = [file.removeprefix(f"natter-{name}-") for file in files if file.startswith(f"natter-{name}-")]
    assert len(stacks) >= 5
    assert [f"{stack}: {each}" for stack in stacks for each in exceeded(stage.stack(stack))] == []


def a_function(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}


def a_role(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def a_policy(size: int) -> dict[str, Any]:
    document = {"Statement": "x" * size}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document, "Roles": [{"Ref": "R"}]}}


@pytest.mark.parametrize(
    "template",
    [
        {"Resources": {}, "Description": "x" * TEMPLATE_BYTES},
        {"Resources": {f"Q{number}": {"Type": "AWS::SQS::Queue"} for number in range(RESOURCES + 1)}},
        {"Resources": {}, "Outputs": {f"O{number}": {"Value": ""} for number in range(OUTPUTS + 1)}},
        a_function(Environment={"Variables": {"A": "x" * ENVIRONMENT_BYTES}}),
        a_function(Environment={"Variables": {f"A{n}": {"Ref": "B"} for n in range(ENVIRONMENT_BYTES // TOKEN_BYTES)}}),
        a_function(Layers=[{"Ref": f"L{number}"} for number in range(LAYERS + 1)]),
        {"Resources": {"R": a_role(ManagedPolicyArns=[""] * (MANAGED_POLICIES + 1))}},
        {"Resources": {"R": a_role(Policies=[{"PolicyDocument": {"Statement": "x" * ROLE_POLICIES_BYTES}}])}},
        {
            "Resources": {
                "R": a_role(),
                "P": a_policy(ROLE_POLICIES_BYTES // 2),
                "Q": a_policy(ROLE_POLICIES_BYTES // 2),
            }
        },
    ],
)
def test_what_is_too_much_is_found(template: dict[str, Any]) -> None:
    assert len(list(exceeded(template))) == 1


def test_what_is_joined_is_as_long_as_its_parts() -> None:
    assert length({"Fn::Join": ["-", ["abc", {"Ref": "Queue"}]]}) == 3 + 1 + TOKEN_BYTES
    assert length({"Fn::Join": ["-", ["abc", {"Ref": "AWS::AccountId"}]]}) == 3 + 1 + 12
