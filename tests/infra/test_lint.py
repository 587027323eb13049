"""What cfn-lint knows of CloudFormation, of the templates of all stages."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.infra.stages import STAGES
from tests.infra.templates import ROOT, Templates

ACCEPTED = {
    "W3005": "the CDK says of a dependency that a reference makes anyway that it is one: once too often, to no effect",
}
TIMEOUT_S = 300
LOOKED_AT = ("prod", "varied")
"""`varied` is `dev` with more: to look at that as well would take half a minute, and would show nothing."""


@cache
def found(folder: Path) -> dict[str, list[str]]:
    """In a process of its own, which holds its hundreds of megabytes no longer than it needs to."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.infra.lint", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("stage", LOOKED_AT)
def test_every_finding_has_a_reason_that_is_still_needed(stage: str, stages: Callable[[str], Templates]) -> None:
    assert set(found(stages(stage).folder)) == set(ACCEPTED), found(stages(stage).folder)


def kinds(app: Templates) -> set[tuple[str, str]]:
    """What there is of each type: the names of properties that its resources have."""
    return {
        (resource["Type"], name)
        for file in app.folder.glob("*.template.json")
        for resource in json.loads(file.read_text())["Resources"].values()
        for name in resource.get("Properties", {})
    }


@pytest.mark.parametrize("stage", STAGES.keys() - set(LOOKED_AT))
def test_stages_that_are_not_looked_at_have_nothing_of_their_own(
    stage: str, stages: Callable[[str], Templates]
) -> None:
    assert kinds(stages(stage)) <= set().union(*(kinds(stages(each)) for each in LOOKED_AT))


def test_what_cloudformation_would_refuse_is_found(tmp_path: Path) -> None:
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 43_201}}}}
    (tmp_path / "planted.template.json").write_text(json.dumps(template))
    assert set(found(tmp_path)) == {"E3034"}
