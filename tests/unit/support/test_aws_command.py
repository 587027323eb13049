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


def test_structures_are_written_short() -> None:
    words = (
        "cloudwatch describe-alarms-for-metric --metric-name M --namespace N --dimensions Name=service,Value=connect"
    )
    command = Command.of(words.split())
    assert command.parameters["Dimensions"] == [{"Name": "service", "Value": "connect"}]


def test_what_is_streamed_goes_to_the_file_that_is_named_last() -> None:
    words = ["lambda", "invoke", "--function-name", "f", "--payload", '{"a": "b"}', "/dev/stdout"]
    command = Command.of(words)
    assert (command.parameters["Payload"], str(command.streamed_to)) == ('{"a": "b"}', "/dev/stdout")
