"""Functions of the templates: code, settings, and what becomes of their asynchronous events."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.assembly.attributes import function_arn
from local.assembly.intrinsics import Resolver, Unresolvable
from local.assembly.templates import Resource
from local.model import AsyncSettings, Function

MAX_ENVIRONMENT = 4096
"""Bytes of all environment variables of a function."""
DESTINATIONS = frozenset({"lambda", "sns", "sqs"})


def function(resolver: Resolver, resource: Resource) -> Function:
    properties = resolver.properties(
        resource,
        *("DeadLetterConfig", "Environment", "Handler", "MemorySize", "Timeout", "ReservedConcurrentExecutions"),
        *("Role", "Runtime"),
    )
    if not properties["Runtime"].startswith("python"):
        raise Unresolvable(f"{resource}: the runtime {properties['Runtime']} does not run here")
    name = resolver.attribute(resource.stack, resource.logical_id, "Ref")
    dead_letters = properties.get("DeadLetterConfig", {}).get("TargetArn")
    return Function(
        logical_id=resource.logical_id,
        name=name,
        arn=resolver.attribute(resource.stack, resource.logical_id, "Arn"),
        handler=properties["Handler"],
        code=_asset(resolver, resource, resource.properties["Code"]),
        layers=tuple(_layer(resolver, resource, layer) for layer in resource.properties.get("Layers", [])),
        environment=_environment(resource, properties),
        role=properties.get("Role", ""),
        timeout_s=float(properties.get("Timeout", 3)),
        memory_mb=int(properties.get("MemorySize", 128)),
        reserved_concurrency=properties.get("ReservedConcurrentExecutions"),
        provisioned_concurrency=_provisioned(resolver, resource),
        asynchronous=_asynchronous(resolver, name),
        dead_letter_arn=_destination(resource, dead_letters) if dead_letters else None,
    )


def _environment(resource: Resource, properties: Mapping[str, Any]) -> dict[str, str]:
    variables = {key: str(value) for key, value in properties.get("Environment", {}).get("Variables", {}).items()}
    size = len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_ENVIRONMENT:
        raise Unresolvable(f"{resource}: its environment variables take {size} bytes, AWS allows {MAX_ENVIRONMENT}")
    return variables


def _asynchronous(resolver: Resolver, name: str) -> AsyncSettings:
    """Of the one function that runs here, whichever version or alias is meant."""
    for config in resolver.assembly.resources("AWS::Lambda::EventInvokeConfig"):
        properties = resolver.properties(config)
        if function_arn(resolver, properties["FunctionName"]).split(":")[6] != name:
            continue
        destinations = properties.get("DestinationConfig", {})
        success, failure = (destinations.get(way, {}).get("Destination") for way in ("OnSuccess", "OnFailure"))
        return AsyncSettings(
            retry_attempts=int(properties.get("MaximumRetryAttempts", 2)),
            max_age_s=float(properties.get("MaximumEventAgeInSeconds", 6 * 3600)),
            on_success=_destination(config, success) if success else None,
            on_failure=_destination(config, failure) if failure else None,
        )
    return AsyncSettings()


def _destination(resource: Resource, arn: str) -> str:
    if arn.split(":")[2] not in DESTINATIONS:
        raise Unresolvable(f"{resource}: only queues, topics and functions are imitated as destinations, not {arn}")
    return arn


def _asset(resolver: Resolver, resource: Resource, content: Mapping[str, Any]) -> Path:
    key = resolver.resolve(resource.stack, content.get("S3Key"))
    try:
        return resolver.assembly.stacks[resource.stack].assets[key]
    except KeyError:
        raise Unresolvable(f"{resource}: its code is not a file asset of the assembly") from None


def _layer(resolver: Resolver, function: Resource, reference: Any) -> Path:
    match reference:
        case {"Ref": str(logical_id)}:
            layer = resolver.assembly.stacks[function.stack].resources[logical_id]
            return _asset(resolver, layer, layer.properties["Content"])
        case _:
            raise Unresolvable(f"{function}: a layer that this app does not make does not exist here")


def _provisioned(resolver: Resolver, function: Resource) -> int:
    """Of the function's aliases, together."""
    name = resolver.attribute(function.stack, function.logical_id, "Ref")
    total = 0
    for alias in resolver.assembly.resources("AWS::Lambda::Alias"):
        properties = resolver.properties(alias, "FunctionName", "ProvisionedConcurrencyConfig")
        if properties["FunctionName"] == name and "ProvisionedConcurrencyConfig" in properties:
            total += int(properties["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"])
    return total
