"""What makes the functions run, and what they may set off: as the synthesized templates say."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from natter.names import EPOCH, TOPICS
from tests.infra.templates import Templates

APPEND, ADD, INVOKE = "kafka-cluster:WriteData", "sqs:SendMessage", "lambda:InvokeFunction"


class Triggers:
    """Topics are named without their epoch, and what has a stage's name in it with STAGE in its place."""

    def __init__(self, app: Templates) -> None:
        self._app = app
        self._services: Mapping[str, Any] = app.stack("services")["Resources"]
        self._functions = {
            logical_id: each["Properties"]["FunctionName"].removeprefix(f"natter-{app.stage}-")
            for logical_id, each in self._of("AWS::Lambda::Function")
            if "FunctionName" in each["Properties"]
        }
        self._queues = {
            logical_id: self._staged(each["Properties"]["QueueName"])
            for logical_id, each in self._of("AWS::SQS::Queue")
        }

    def functions(self) -> dict[str, set[str]]:
        """Each trigger, but those of HTTP, with the functions that it leads to."""
        idle: dict[str, set[str]] = {each: set() for each in [*map(_without_epoch, TOPICS), *self._queues.values()]}
        return idle | dict([*self._frames(), *self._sources(), *self._schedules(), *self._invoked(), *self._deployed()])

    def set_off(self) -> dict[str, set[str]]:
        """What each function may append to, add to, or invoke; but `chat.dead`, where every consumer may."""
        found = {}
        for function in self._app.functions():
            allowed = self._app.actions(function)
            arns = " ".join(arn for action in (APPEND, ADD, INVOKE) for arn in allowed.get(action, ()))
            topics = {_without_epoch(topic) for topic in TOPICS if f'/{topic}"' in arns} - {"chat.dead"}
            queues = {name for logical_id, name in self._queues.items() if f'"{logical_id}"' in arns}
            invoked = {f"natter-STAGE-{name}" for name in self._functions_in(arns)}
            found[function] = topics | queues | invoked
        return found

    def _of(self, type_: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Those of the stack that has the functions, by their logical ids."""
        return ((logical_id, each) for logical_id, each in self._services.items() if each["Type"] == type_)

    def _functions_in(self, value: Any) -> set[str]:
        """Those that anything in `value` refers to."""
        text = value if isinstance(value, str) else json.dumps(value)
        return {name for logical_id, name in self._functions.items() if f'"{logical_id}"' in text}

    def _frames(self) -> Iterator[tuple[str, set[str]]]:
        sockets = {
            i for i, api in self._of("AWS::ApiGatewayV2::Api") if api["Properties"]["ProtocolType"] == "WEBSOCKET"
        }
        for _, route in self._of("AWS::ApiGatewayV2::Route"):
            properties = route["Properties"]
            if properties["ApiId"]["Ref"] in sockets:
                refs = re.findall(r'"Ref": "(\w+)"', json.dumps([properties["Target"], properties.get("AuthorizerId")]))
                yield properties["RouteKey"], self._functions_in([self._services[ref] for ref in refs])

    def _sources(self) -> Iterator[tuple[str, set[str]]]:
        for _, source in self._of("AWS::Lambda::EventSourceMapping"):
            properties = source["Properties"]
            function = self._functions_in(properties["FunctionName"])
            for topic in properties.get("Topics", ()):
                yield _without_epoch(topic), function
            for logical_id, queue in self._queues.items():
                if f'"{logical_id}"' in json.dumps(properties["EventSourceArn"]):
                    yield queue, function

    def _schedules(self) -> Iterator[tuple[str, set[str]]]:
        for type_ in ("AWS::Events::Rule", "AWS::Scheduler::Schedule"):
            for _, rule in self._of(type_):
                yield self._staged(rule["Properties"]["Name"]), self._functions_in(rule["Properties"])

    def _invoked(self) -> Iterator[tuple[str, set[str]]]:
        """Asynchronously, by other functions."""
        for _, config in self._of("AWS::Lambda::EventInvokeConfig"):
            (function,) = self._functions_in(config["Properties"]["FunctionName"])
            yield f"natter-STAGE-{function}", {function}

    def _deployed(self) -> Iterator[tuple[str, set[str]]]:
        """Custom resources, by their names in the app; a `Trigger` names a version of its function."""
        for file in self._app.folder.glob("*.template.json"):
            for logical_id, each in json.loads(file.read_text())["Resources"].items():
                if each["Type"].startswith("Custom::"):
                    yield re.sub(r"[0-9A-F]{8}$", "", logical_id), self._functions_in(self._makers(each["Properties"]))

    def _makers(self, properties: Mapping[str, Any]) -> list[Any]:
        """What names the function that makes a custom resource: a version of it, or the framework that calls it."""
        named = [properties.get("HandlerArn", {}).get("Ref"), *properties["ServiceToken"].get("Fn::GetAtt", [])[:1]]
        makers = [self._services[each]["Properties"] for each in named if each in self._services]
        return [each.get("Environment", {}).get("Variables", each) for each in makers]

    def _staged(self, name: str) -> str:
        return name.replace(f"natter-{self._app.stage}-", "natter-STAGE-")


def _without_epoch(topic: str) -> str:
    return topic.removesuffix(f".{EPOCH}")
