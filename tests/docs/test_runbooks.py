"""Runbooks: what they have somebody type can be typed and is about what there is; each alarm stands in its own."""

import ast
import contextlib
import io
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from local import cli
from tests.docs.test_deploying import SCRIPTS
from tests.docs.test_documents import LINK, ROOT
from tests.infra.metrics_used import ALARM, COMPOSITE
from tests.infra.templates import Templates
from tests.support.aws_command import SERVICES
from tests.support.runbooks import BLOCK

FOLDER = ROOT / "docs" / "runbooks"
RUNBOOKS = sorted(FOLDER.glob("*.md"))
CALL = re.compile(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)")
OPTION = re.compile(r"(?<=\s)--([a-z0-9-]+)")
OF_ALL = {"query", "output", "region", "cli-binary-format"}
"""Options of any call of the AWS CLI."""
NO_OPERATIONS = {("logs", "tail"): {"since", "filter-pattern", "follow"}}
"""Commands of the CLI that are none of an API's: options that they take."""
WORDS = {
    "FUNCTION": "[a-z_]+",
    "CONSUMER": "[a-z]+",
    "TABLE": "[a-z_]+",
    "PLATFORM": "[a-z_]+",
    "LEVEL": "[a-z]+",
    "N": r"\d",
}
"""What stands for many in the names of alarms."""
NAME = re.compile(r"(?<![\w/.-])natter-STAGE-[a-z0-9_-]+")
INLINE = re.compile(r"`([^`\n]+)`")


@pytest.fixture(scope="module", params=["dev", "prod"])
def app(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


def blocks(runbook: Path, language: str) -> Iterator[str]:
    for indent, kind, body in BLOCK.findall(runbook.read_text()):
        if kind == language:
            yield "\n".join(line.removeprefix(indent) for line in body.splitlines())


def lines(runbook: Path) -> Iterator[str]:
    """Commands of the blocks, one a line, and those within sentences."""
    for block in blocks(runbook, "sh"):
        yield from block.replace("\\\n", " ").splitlines()
    without = BLOCK.sub("", runbook.read_text())
    yield from (each for each in INLINE.findall(without) if each.startswith(("aws ", ".venv/")))


@pytest.fixture(scope="module")
def options() -> Callable[[str, str], set[str]]:
    """Of an operation of AWS, as its CLI calls them."""
    session = botocore.session.get_session()

    def find(service: str, command: str) -> set[str]:
        if (service, command) in NO_OPERATIONS:
            return NO_OPERATIONS[service, command] | OF_ALL
        model = session.get_service_model(SERVICES.get(service, service))
        names = {xform_name(name, "-"): name for name in model.operation_names}
        assert command in names, f"aws {service} has no {command}"
        shape = model.operation_model(names[command]).input_shape
        members = shape.members.items() if shape else ()
        taken = {xform_name(name, "-") for name, _ in members}
        return taken | {f"no-{xform_name(name, '-')}" for name, each in members if each.type_name == "boolean"} | OF_ALL

    return find


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
class TestCommands:
    def test_are_shell(self, runbook: Path) -> None:
        for block in blocks(runbook, "sh"):
            ran = subprocess.run(["sh", "-n"], input=block, text=True, capture_output=True, check=False)
            assert ran.returncode == 0, f"{block}\n{ran.stderr}"

    def test_are_python(self, runbook: Path) -> None:
        for block in blocks(runbook, "python"):
            ast.parse(block)

    def test_of_aws_exist_with_their_options(self, runbook: Path, options: Callable[[str, str], set[str]]) -> None:
        for line in lines(runbook):
            if calls := CALL.findall(line):
                known = set().union(*(options(*call) for call in calls))
                assert set(OPTION.findall(line)) <= known, line

    def test_of_the_project_exist_and_take_what_they_are_given(self, runbook: Path) -> None:
        for line in lines(runbook):
            if (found := re.match(r"\.venv/bin/(natter-[a-z]+)(.*)", line)) is not None:
                program, arguments = found.groups()
                assert program in SCRIPTS, line
                if program == "natter-local":
                    with contextlib.redirect_stderr(io.StringIO()):
                        cli._parser().parse_args(shlex.split(arguments.partition(" | ")[0]))


class TestNames:
    def test_of_resources_are_there(self, app: Templates) -> None:
        """In prod or dev: where a name is of one of them, its runbook says so."""
        there = set(_names(app)) | {f"natter-{app.stage}"}
        told = {name.replace("STAGE", app.stage) for runbook in RUNBOOKS for name in NAME.findall(runbook.read_text())}
        told -= {name for name in told if name.endswith(("-FUNCTION", "-NAME", "-"))}
        assert told - there == set()

    def test_of_logs_are_there(self, app: Templates) -> None:
        groups = {group["LogGroupName"] for group in app.properties("AWS::Logs::LogGroup") if "LogGroupName" in group}
        text = "".join(runbook.read_text() for runbook in RUNBOOKS)
        told = {f"/natter/{app.stage}/{name}" for name in re.findall(r"/natter/STAGE/([a-z_]+)", text)}
        assert told
        assert told - groups == set()


class TestAlarms:
    def test_are_named_in_their_runbooks(self, app: Templates) -> None:
        """`FUNCTION-errors` stands for those of all functions."""
        lost = []
        for alarm in (*app.properties(ALARM), *app.properties(COMPOSITE)):
            if (found := re.search(r"docs/runbooks/([a-z-]+\.md)", alarm.get("AlarmDescription", ""))) is None:
                continue
            name = alarm["AlarmName"].removeprefix(f"natter-{app.stage}-")
            told = INLINE.findall((FOLDER / found[1]).read_text())
            if not any(re.fullmatch(_pattern(each), name) for each in told):
                lost.append((name, found[1]))
        assert lost == []

    def test_that_are_named_exist(self, stages: Callable[[str], Templates]) -> None:
        """In prod or in dev, which has some more, of brokers of another kind."""
        names = [
            each["AlarmName"].removeprefix(f"natter-{name}-")
            for name in ("prod", "dev")
            for each in (*stages(name).properties(ALARM), *stages(name).properties(COMPOSITE))
        ]
        for runbook in RUNBOOKS:
            for sentence in re.findall(r"\bAlarms? ((?:`[^`]+`[^`.:(]{0,8})+)", runbook.read_text()):
                for name in INLINE.findall(sentence):
                    assert any(re.fullmatch(_pattern(name), each) for each in names), f"{runbook.name}: {name}"


class TestIndex:
    def test_has_them_all(self) -> None:
        told = set(LINK.findall((FOLDER / "README.md").read_text()))
        assert {runbook.name for runbook in RUNBOOKS} - {"README.md"} == {each for each in told if "/" not in each}


def _pattern(name: str) -> str:
    """A regular expression of the names that it stands for."""
    parts = re.split(r"\b(" + "|".join(WORDS) + r")\b", name)
    return "".join(WORDS.get(part, re.escape(part)) for part in parts)


def _names(app: Templates) -> Iterator[str]:
    """All physical names, those of stacks among them."""
    for file in app.folder.glob("*.template.json"):
        yield file.name.removesuffix(".template.json")
        for resource in json.loads(file.read_text())["Resources"].values():
            for key, value in resource.get("Properties", {}).items():
                if key.endswith(("Name", "Identifier")) and isinstance(value, str):
                    yield value
