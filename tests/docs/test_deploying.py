"""What docs/deploying.md has its readers type, and look for, is there."""

import dataclasses
import pkgutil
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from infra.config import STAGES, Stage
from infra.preflight.assembly import Assembly
from tests.docs.test_documents import rows
from tests.infra.templates import Templates

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploying.md").read_text()
MADE = TEXT.split("## What it makes\n")[1].split("\n## ")[0]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
OF_AN_EDGE = {"natter-dev-firewall", "natter-dev-edge"}
"""Of stages that have one (tests/infra/test_edge.py)."""
APPS = [ROOT / "infra" / "app.py", ROOT / "infra" / "pipeline.py"]


def commands(program: str) -> Iterator[list[str]]:
    """The arguments of each call of it in the blocks of shell."""
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL):
        for line in block.replace("\\\n", "").splitlines():
            if line.strip().startswith(program + " ") or line.strip() == program:
                yield shlex.split(line)[len(program.split()) :]


@pytest.fixture(scope="module")
def dev(stages: Callable[[str], Templates]) -> Assembly:
    return Assembly(stages("dev").folder)


class TestCommands:
    def test_of_the_project_exist(self) -> None:
        named = set(re.findall(r"\.venv/bin/(natter(?:-\w+)?)", TEXT))
        assert named == set(SCRIPTS), "each is told of, and none that there is not"
        for script in SCRIPTS.values():
            assert callable(pkgutil.resolve_name(script))

    def test_of_the_project_take_what_they_are_given(self, capsys: pytest.CaptureFixture[str]) -> None:
        smoke = pkgutil.resolve_name(SCRIPTS["natter-smoke"])
        ((_, _),) = list(commands(".venv/bin/natter-smoke"))
        with pytest.raises(SystemExit) as one_short:
            smoke(["http://127.0.0.1:1"])
        assert one_short.value.code == 2
        assert "ws_url" in capsys.readouterr().err
        assert list(commands(".venv/bin/natter-preflight")) == [[]]

    def test_of_the_cdk_give_what_the_apps_ask_for(self) -> None:
        calls = list(commands("npx aws-cdk"))
        given = {value.partition("=")[0] for call in calls for flag, value in pairwise(call) if flag == "-c"}
        asked = {name for app in APPS for name in re.findall(r'try_get_context\("(\w+)"\)', app.read_text())}
        assert given | {"provider"} == asked, "what is given is asked for, and told"
        assert {call[0] for call in calls} >= {"synth", "bootstrap", "deploy", "diff", "destroy"}

    def test_are_about_stages_that_there_are(self) -> None:
        given = {value for call in commands("npx aws-cdk") for value in call if value.startswith("stage=")}
        assert {value.removeprefix("stage=") for value in given} <= STAGES.keys()


class TestNames:
    def test_of_stacks_are_those_of_the_app(self, dev: Assembly) -> None:
        told = {row[0].strip("`").replace("STAGE", "dev") for row in rows(MADE) if row[0] != "stack"}
        assert told - OF_AN_EDGE == dev.stacks.keys()
        assert told >= OF_AN_EDGE

    def test_in_commands_are_there(self, dev: Assembly) -> None:
        named = set(re.findall(r"\bnatter-dev-[a-z0-9-]+", TEXT))
        physical = {
            value
            for template in dev.stacks.values()
            for resource in template["Resources"].values()
            for key, value in resource.get("Properties", {}).items()
            if key.endswith("Name") and isinstance(value, str)
        }
        assert named
        assert named - physical - dev.stacks.keys() == set()

    def test_of_outputs_are_those_of_the_services(self, dev: Assembly) -> None:
        outputs = dev.stacks["natter-dev-services"]["Outputs"]
        assert set(re.findall(r"\$\(output (\w+)\)", TEXT)) <= outputs.keys()

    def test_of_settings_are_those_of_a_stage(self) -> None:
        """In sentences about `infra/config.py`."""
        fields = {field.name for field in dataclasses.fields(Stage)}
        said = [sentence for sentence in re.split(r"(?<=[.:]) ", TEXT) if "`infra/config.py`" in sentence]
        named = {name for sentence in said for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", sentence)}
        assert named
        assert named - fields == set()

    def test_of_variables_are_those_that_the_pipeline_reads(self) -> None:
        workflow = (ROOT / ".github" / "workflows" / "stage.yml").read_text()
        section = TEXT.split("## A pipeline\n")[1].split("\n## ")[0]
        read = set(re.findall(r"vars\.(\w+)", workflow))
        assert read
        assert {name for name in read if f"`{name}`" not in section} == set()
