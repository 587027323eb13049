"""Custom resources behind the CDK's provider framework: which of the app's functions make them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.assembly.intrinsics import Resolver
from local.assembly.templates import Assembly, Resource

ON_EVENT, IS_COMPLETE = "USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN"
"""Where the framework's own functions are told which ones of the app to call."""


@dataclass(frozen=True)
class CustomResource:
    """`on_event` makes the resource; if there is an `is_complete`, it is made when that says so. ARNs."""

    resource: Resource
    on_event: str
    is_complete: str | None


def custom_resources(resolver: Resolver) -> list[CustomResource]:
    """In the order of the templates."""
    assembly = resolver.assembly
    found = []
    for resource in assembly.resources():
        if not is_provided(assembly, resource) or not resolver.exists(resource):
            continue
        provider = _provider(assembly, resource)
        assert provider is not None
        names = {name: resolver.resolve(provider.stack, value) for name, value in _variables(provider).items()}
        found.append(CustomResource(resource, names[ON_EVENT], names.get(IS_COMPLETE)))
    return found


def is_provided(assembly: Assembly, resource: Resource) -> bool:
    """Whether this is a custom resource that a function of the app makes."""
    provider = _provider(assembly, resource)
    return provider is not None and is_framework(provider)


def is_framework(function: Resource) -> bool:
    """Whether this is one of the functions of the provider framework itself."""
    return function.type == "AWS::Lambda::Function" and ON_EVENT in _variables(function)


def _provider(assembly: Assembly, resource: Resource) -> Resource | None:
    match resource.properties.get("ServiceToken"):
        case {"Fn::GetAtt": [logical_id, "Arn"]}:
            return assembly.stacks[resource.stack].resources.get(logical_id)
        case _:
            return None


def _variables(function: Resource) -> Mapping[str, Any]:
    variables: Mapping[str, Any] = function.properties.get("Environment", {}).get("Variables", {})
    return variables
