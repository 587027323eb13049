import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from local import deployment
from local.assembly import Assembly, Attributes, Resolver, Site, Unresolvable
from local.assembly.templates import Stack
from local.deployment import DeployFailed, Deployment
from local.model import DeployTask
from local.runtime.functions import Lambda
from local.runtime.worker import Result

type Answer = Callable[[dict[str, Any]], Any]


class Functions:
    """Functions by the end of their ARN; an exception is a function's error."""

    def __init__(self, **answers: Answer) -> None:
        self.events: list[dict[str, Any]] = []
        self._answers = answers

    async def invoke(self, arn: str, payload: bytes, *, deadline: float) -> Result:
        assert deadline > 0
        event = json.loads(payload)
        self.events.append(event)
        try:
            return Result(json.dumps(self._answers[arn.rpartition(":")[2]](event)).encode(), "id")
        except ValueError as error:
            raised = {"errorType": "ValueError", "errorMessage": str(error)}
            return Result(json.dumps(raised).encode(), "id", "Unhandled")


def custom(**properties: Any) -> dict[str, Any]:
    token = {"Fn::GetAtt": ["Framework", "Arn"]}
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, **properties}}


def prepared(functions: Functions, *, complete: bool = False, **resources: Any) -> tuple[Deployment, Attributes]:
    variables = {"USER_ON_EVENT_FUNCTION_ARN": "arn:aws:lambda:us-east-1:0:function:make"}
    if complete:
        variables["USER_IS_COMPLETE_FUNCTION_ARN"] = "arn:aws:lambda:us-east-1:0:function:check"
    framework = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}
    attributes = Attributes(kafka="127.0.0.1:1", valkey="127.0.0.1:2", postgres="127.0.0.1:3")
    stack = Stack("main", {"Resources": {"Framework": framework, **resources}})
    resolver = Resolver(Assembly({"main": stack}), Site("us-east-1", "0"), attributes)
    return Deployment(resolver, attributes, cast("Lambda", functions)), attributes


def echo(event: dict[str, Any]) -> Any:
    return {"PhysicalResourceId": event["LogicalResourceId"], "Data": {"Of": event["ResourceProperties"].get("Of")}}


class TestCustomResources:
    async def test_those_that_others_refer_to_come_first(self) -> None:
        functions = Functions(make=echo)
        made, attributes = prepared(
            functions, Second=custom(Of={"Fn::GetAtt": ["First", "Of"]}), First=custom(Of="the beginning")
        )
        assert await made.make_custom_resources()
        assert [event["LogicalResourceId"] for event in functions.events] == ["First", "Second"]
        assert attributes.known["main", "Second"] == {"Ref": "Second", "Of": "the beginning"}

    async def test_function_gets_the_event_of_the_framework(self) -> None:
        functions = Functions(make=lambda _: None)
        made, attributes = prepared(functions, Thing=custom(Size=3))
        await made.make_custom_resources()
        (event,) = functions.events
        assert attributes.known["main", "Thing"] == {"Ref": event.pop("RequestId")}
        assert event.pop("ResourceProperties")["Size"] == 3
        assert event == {
            "RequestType": "Create",
            "StackId": "arn:aws:cloudformation:us-east-1:0:stack/main/local",
            "ResourceType": "Custom::Thing",
            "LogicalResourceId": "Thing",
        }

    async def test_is_asked_until_it_is_complete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deployment, "POLL_S", 0.0)
        answers = iter([{"IsComplete": False}, {"IsComplete": True, "Data": {"Size": 2}}])
        functions = Functions(make=echo, check=lambda _: next(answers))
        made, attributes = prepared(functions, complete=True, Thing=custom(Of="x"))
        await made.make_custom_resources()
        assert attributes.known["main", "Thing"] == {"Ref": "Thing", "Of": "x", "Size": 2}
        assert functions.events[-1]["PhysicalResourceId"] == "Thing"

    async def test_never_complete_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deployment, "POLL_S", 0.0)
        monkeypatch.setattr(deployment, "TIMEOUT_S", 0.05)
        made, _ = prepared(Functions(make=echo, check=lambda _: {}), complete=True, Thing=custom())
        with pytest.raises(DeployFailed, match="Thing is not complete"):
            await made.make_custom_resources()

    async def test_circle_is_refused(self) -> None:
        a, b = (custom(Of={"Fn::GetAtt": [other, "Of"]}) for other in "BA")
        made, _ = prepared(Functions(make=echo), A=a, B=b)
        with pytest.raises(Unresolvable):
            await made.make_custom_resources()

    async def test_without_any_there_is_nothing_to_do(self) -> None:
        made, _ = prepared(Functions())
        assert not await made.make_custom_resources()


class TestTasks:
    async def test_error_fails_the_deployment(self) -> None:
        def fail(_: dict[str, Any]) -> None:
            raise ValueError("no table")

        made, _ = prepared(Functions(migrate=fail))
        arn = "arn:aws:lambda:us-east-1:0:function:migrate"
        with pytest.raises(DeployFailed, match="Migration failed: ValueError: no table"):
            await made.run(DeployTask(logical_id="Migration", function_arn=arn))
