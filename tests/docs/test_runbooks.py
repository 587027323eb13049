"""The AWS CLI takes what the runbooks have operators type. `tests/reliability/test_push_faults.py` runs it."""

import re
import shlex

import pytest

from tests.support.aws_command import Command, NoSuchCommandError
from tests.support.runbooks import RUNBOOKS, blocks

COMMANDS = [
    (path.stem, command)
    for path in sorted(RUNBOOKS.glob("*.md"))
    for block in blocks(path.stem)
    for command in re.findall(r"\baws [^|;&)]*", block.replace("\\\n", ""))
]


@pytest.mark.parametrize(("runbook", "command"), COMMANDS)
def test_a_command_exists_with_its_options(runbook: str, command: str) -> None:
    for line in command.splitlines():
        if line.startswith("aws "):
            assert Command.of(shlex.split(line)[1:]), runbook


@pytest.mark.parametrize(
    "line",
    [
        "sqss purge-queue --queue-url URL",
        "sqs purge-queues --queue-url URL",
        "sqs purge-queue --queue URL",
        "sqs purge-queue",
        "sqs purge-queue URL",
    ],
)
def test_one_that_does_not_exist_is_noticed(line: str) -> None:
    with pytest.raises(NoSuchCommandError):
        Command.of(line.split())
