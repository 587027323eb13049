"""Commands of the AWS CLI as the runbooks have them."""

import pytest

from tests.support.aws_command import Command, NoSuchCommandError


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


def test_one_that_exists_knows_what_it_asks_for() -> None:
    command = Command.of(["deploy", "get-deployment", "--deployment-id", "d-1", "--output", "text"])
    assert (command.service, command.parameters, command.text) == ("codedeploy", {"deploymentId": "d-1"}, True)
