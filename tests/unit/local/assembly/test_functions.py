from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable
from local.assembly.functions import function
from local.model import AsyncSettings, Function

type Make = Callable[..., Resolver]
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:dead"


@pytest.fixture
def built(resolver: Make) -> Callable[..., Function]:
    def build(properties: dict[str, Any] | None = None, **resources: dict[str, Any]) -> Function:
        work = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "work",
                "Code": {"S3Key": "code.zip"},
                "Handler": "handler.main",
                "Runtime": "python3.13",
                **(properties or {}),
            },
        }
        made = resolver({"code.zip": "code"}, main={"Resources": {"Work": work, **resources}})
        (resource,) = made.assembly.resources("AWS::Lambda::Function")
        return function(made, resource)

    return build


def config(**properties: Any) -> dict[str, Any]:
    fields = {"FunctionName": {"Ref": "Work"}, "Qualifier": "$LATEST", **properties}
    return {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": fields}


class TestAsynchronous:
    def test_is_as_lambda_begins_with(self, built: Callable[..., Function]) -> None:
        assert built().asynchronous == AsyncSettings()
        assert built().dead_letter_arn is None

    def test_is_as_the_template_says(self, built: Callable[..., Function]) -> None:
        itself = {"Fn::GetAtt": ["Work", "Arn"]}
        destinations = {"OnFailure": {"Destination": QUEUE_ARN}, "OnSuccess": {"Destination": itself}}
        settings = config(MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60, DestinationConfig=destinations)
        made = built({"DeadLetterConfig": {"TargetArn": QUEUE_ARN}}, Settings=settings)
        assert made.asynchronous == AsyncSettings(
            retry_attempts=0, max_age_s=60, on_failure=QUEUE_ARN, on_success=made.arn
        )
        assert made.dead_letter_arn == QUEUE_ARN

    def test_settings_of_another_function_do_not_count(self, built: Callable[..., Function]) -> None:
        assert built(Settings=config(FunctionName="other", MaximumRetryAttempts=0)).asynchronous == AsyncSettings()

    def test_other_destinations_are_refused_by_name(self, built: Callable[..., Function]) -> None:
        destination = {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}
        with pytest.raises(Unresolvable, match="arn:aws:s3:::bucket"):
            built(Settings=config(DestinationConfig=destination))


class TestEnvironment:
    def test_of_4_kb_is_taken_and_of_more_refused(self, built: Callable[..., Function]) -> None:
        room = 4096 - len('{"A":""}')
        assert built({"Environment": {"Variables": {"A": "x" * room}}}).environment == {"A": "x" * room}
        with pytest.raises(Unresolvable, match="4097 bytes"):
            built({"Environment": {"Variables": {"A": "x" * (room + 1)}}})
