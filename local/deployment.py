"""What happens once at deploy: functions that run then, and custom resources."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any

from local.assembly import Attributes, CustomResource, Resolver, Unresolvable, custom_resources
from local.model import DeployTask
from local.runtime.functions import Lambda, error_of

TIMEOUT_S = 60.0
"""Of one function, and of everything until a custom resource is complete."""
POLL_S = 1.0


class DeployFailed(Exception):
    """A function that runs at deploy failed; the message has its error."""


class Deployment:
    """Runs what runs at deploy, with functions that have started."""

    def __init__(self, resolver: Resolver, attributes: Attributes, functions: Lambda) -> None:
        self._resolver = resolver
        self._attributes = attributes
        self._functions = functions

    async def run(self, task: DeployTask) -> None:
        """
        Raises:
            DeployFailed: the function did.
        """
        await self._invoke(task.logical_id, task.function_arn, {})

    async def make_custom_resources(self) -> bool:
        """
        Make all of them, those first that others refer to; whether there are any.

        From then on `attributes` has what they answered.

        Raises:
            DeployFailed: a function did, or did not say within a minute that its resource is complete.
            Unresolvable: they refer to each other in a circle, or to what does not exist.
        """
        self._attributes.settled = True
        waiting = made = custom_resources(self._resolver)
        while waiting:
            postponed: list[CustomResource] = []
            for custom in waiting:
                try:
                    properties = self._resolver.properties(custom.resource)
                except Unresolvable:
                    if len(postponed) + 1 == len(waiting):
                        raise
                    postponed.append(custom)
                else:
                    await self._make(custom, properties)
            waiting = postponed
        return bool(made)

    async def _make(self, custom: CustomResource, properties: Mapping[str, Any]) -> None:
        resource, request_id = custom.resource, str(uuid.uuid4())
        event = {
            "RequestType": "Create",
            "RequestId": request_id,
            "StackId": self._resolver.resolve(resource.stack, {"Ref": "AWS::StackId"}),
            "ResourceType": resource.type,
            "LogicalResourceId": resource.logical_id,
            "ResourceProperties": properties,
        }
        answer = await self._invoke(resource.logical_id, custom.on_event, event) or {}
        answer.setdefault("PhysicalResourceId", request_id)
        if custom.is_complete is not None:
            answer |= await self._completed(resource.logical_id, custom.is_complete, event | answer)
        known = {"Ref": answer["PhysicalResourceId"], **answer.get("Data", {})}
        self._attributes.known[resource.stack, resource.logical_id] = known

    async def _completed(self, logical_id: str, function_arn: str, event: Mapping[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    answer = await self._invoke(logical_id, function_arn, event) or {}
                    if answer.get("IsComplete"):
                        return {"Data": {**event.get("Data", {}), **answer.get("Data", {})}}
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise DeployFailed(f"{logical_id} is not complete after {TIMEOUT_S:.0f} s") from None

    async def _invoke(self, logical_id: str, function_arn: str, event: Mapping[str, Any]) -> Any:
        deadline = asyncio.get_running_loop().time() + TIMEOUT_S
        try:
            result = await self._functions.invoke(function_arn, json.dumps(event).encode(), deadline=deadline)
        except TimeoutError:
            raise DeployFailed(f"{logical_id} took longer than {TIMEOUT_S:.0f} s") from None
        if result.error is not None:
            raise DeployFailed(f"{logical_id} failed: {error_of(result)}")
        return json.loads(result.payload or b"null")
