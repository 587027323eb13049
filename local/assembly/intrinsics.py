"""CloudFormation's intrinsic functions, references and conditions, resolved to local values."""

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.assembly.templates import Assembly, Resource, Stack

NO_VALUE = object()
"""`AWS::NoValue`: the property is left out."""

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class Unresolvable(Exception):
    """A reference or function of a template has no local value."""


@dataclass(frozen=True)
class Site:
    """What the pseudo parameters say."""

    region: str
    account: str
    partition: str = "aws"
    url_suffix: str = "amazonaws.com"


type Lookup = Callable[["Resolver", Resource, str], Any]
"""An attribute of a resource, `Ref` for what `Ref` gives. Raises `Unresolvable`."""


@dataclass
class Resolver:
    """
    Resolves values of any stack. Lazy: what nobody asks for may be unresolvable.

    `rewrite` sees every string that is put together, for addresses that differ here.
    """

    assembly: Assembly
    site: Site
    lookup: Lookup
    rewrite: Callable[[str], str] = str
    _exports: dict[str, tuple[Stack, Any]] | None = field(default=None, init=False)

    def properties(self, resource: Resource, *names: str) -> dict[str, Any]:
        """The named properties that the template states, resolved; all if none is named."""
        wanted = names or tuple(resource.properties)
        resolved = {
            name: self.resolve(resource.stack, resource.properties[name])
            for name in wanted
            if name in resource.properties
        }
        return {name: value for name, value in resolved.items() if value is not NO_VALUE}

    def attribute(self, stack: str, logical_id: str, name: str) -> Any:
        resource = self.assembly.stacks[stack].resources.get(logical_id)
        if resource is None:
            raise Unresolvable(f"{stack}: there is no resource {logical_id!r}")
        return self.lookup(self, resource, name)

    def exists(self, resource: Resource) -> bool:
        """Whether the condition of a resource holds."""
        stack = self.assembly.stacks[resource.stack]
        condition = stack.template["Resources"][resource.logical_id].get("Condition")
        return condition is None or self._condition(stack, condition)

    def outputs(self, stack: str) -> dict[str, Any]:
        """A stack's outputs, without those that only other stacks import."""
        outputs = self.assembly.stacks[stack].template.get("Outputs", {})
        return {key: self.resolve(stack, body["Value"]) for key, body in outputs.items() if "Export" not in body}

    def resolve(self, stack: str, value: Any) -> Any:
        """
        Raises:
            Unresolvable: names the reference or function at fault.
        """
        match value:
            case str():
                return self.rewrite(value)
            case list():
                items = (self.resolve(stack, item) for item in value)
                return [item for item in items if item is not NO_VALUE]
            case dict() if len(value) == 1 and (function := self._function(next(iter(value)))):
                return function(self.assembly.stacks[stack], next(iter(value.values())))
            case dict():
                entries = ((key, self.resolve(stack, item)) for key, item in value.items())
                return {key: item for key, item in entries if item is not NO_VALUE}
            case _:
                return value

    def _function(self, name: str) -> Callable[[Stack, Any], Any] | None:
        if name == "Ref":
            return self._ref
        if not name.startswith("Fn::"):
            return None
        functions: Mapping[str, Callable[[Stack, Any], Any]] = {
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetAZs": self._zones,
            "Fn::Cidr": self._cidr,
            "Fn::Base64": lambda stack, value: base64.b64encode(self.resolve(stack.name, value).encode()).decode(),
            "Fn::ToJsonString": lambda stack, value: json.dumps(self.resolve(stack.name, value)),
            "Fn::Length": lambda stack, value: len(self.resolve(stack.name, value)),
        }
        if name not in functions:
            raise Unresolvable(f"the function {name} is not known here")
        return functions[name]

    def _ref(self, stack: Stack, name: str) -> Any:
        pseudo = {
            "AWS::Region": self.site.region,
            "AWS::AccountId": self.site.account,
            "AWS::Partition": self.site.partition,
            "AWS::URLSuffix": self.site.url_suffix,
            "AWS::StackName": stack.name,
            "AWS::StackId": f"arn:aws:cloudformation:{self.site.region}:{self.site.account}:stack/{stack.name}/local",
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        parameter = stack.template.get("Parameters", {}).get(name)
        if parameter is not None:
            if "Default" not in parameter:
                raise Unresolvable(f"{stack.name}: the parameter {name!r} has no default")
            return parameter["Default"]
        return self.attribute(stack.name, name, "Ref")

    def _get_att(self, stack: Stack, value: Any) -> Any:
        logical_id, _, name = value.partition(".") if isinstance(value, str) else (value[0], "", value[1])
        return self.attribute(stack.name, logical_id, self.resolve(stack.name, name))

    def _join(self, stack: Stack, value: list[Any]) -> str:
        separator, items = value
        return self.rewrite(separator.join(str(item) for item in self.resolve(stack.name, items)))

    def _sub(self, stack: Stack, value: Any) -> str:
        text, variables = (value, {}) if isinstance(value, str) else value

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in variables:
                return str(self.resolve(stack.name, variables[name]))
            return str(self._get_att(stack, name) if "." in name else self._ref(stack, name))

        return self.rewrite(_PLACEHOLDER.sub(replace, text))

    def _select(self, stack: Stack, value: list[Any]) -> Any:
        index, items = (self.resolve(stack.name, part) for part in value)
        try:
            return items[int(index)]
        except IndexError:
            raise Unresolvable(f"{stack.name}: Fn::Select {index} of {len(items)} items") from None

    def _split(self, stack: Stack, value: list[Any]) -> list[str]:
        separator, text = (self.resolve(stack.name, part) for part in value)
        return list(text.split(separator))

    def _if(self, stack: Stack, value: list[Any]) -> Any:
        condition, then, otherwise = value
        return self.resolve(stack.name, then if self._condition(stack, condition) else otherwise)

    def _find_in_map(self, stack: Stack, value: list[Any]) -> Any:
        name, first, second = (self.resolve(stack.name, part) for part in value[:3])
        try:
            return stack.template["Mappings"][name][first][second]
        except KeyError:
            raise Unresolvable(f"{stack.name}: the map {name!r} has no {first!r}, {second!r}") from None

    def _import_value(self, stack: Stack, value: Any) -> Any:
        name = self.resolve(stack.name, value)
        if self._exports is None:
            self._exports = {
                self.resolve(exporter.name, output["Export"]["Name"]): (exporter, output["Value"])
                for exporter in self.assembly.stacks.values()
                for output in exporter.template.get("Outputs", {}).values()
                if "Export" in output
            }
        if name not in self._exports:
            raise Unresolvable(f"{stack.name}: no stack exports {name!r}")
        exporter, exported = self._exports[name]
        return self.resolve(exporter.name, exported)

    def _zones(self, stack: Stack, value: Any) -> list[str]:
        region = self.resolve(stack.name, value) or self.site.region
        return [f"{region}{letter}" for letter in "abc"]

    def _cidr(self, stack: Stack, value: list[Any]) -> list[str]:
        block, count, *bits = (self.resolve(stack.name, part) for part in value)
        host_bits = int(bits[0]) if bits else 8
        network = ipaddress.ip_network(block)
        return [str(net) for net in itertools.islice(network.subnets(new_prefix=32 - host_bits), int(count))]

    def _condition(self, stack: Stack, condition: Any) -> bool:
        """A condition by its name, or one of the functions that make conditions."""
        if isinstance(condition, str):
            try:
                return self._condition(stack, stack.template["Conditions"][condition])
            except KeyError:
                raise Unresolvable(f"{stack.name}: there is no condition {condition!r}") from None
        ((function, operands),) = condition.items()
        match function:
            case "Condition":
                return self._condition(stack, operands)
            case "Fn::Equals":
                left, right = (self.resolve(stack.name, operand) for operand in operands)
                return bool(left == right)
            case "Fn::Not":
                return not self._condition(stack, operands[0])
            case "Fn::And":
                return all(self._condition(stack, operand) for operand in operands)
            case "Fn::Or":
                return any(self._condition(stack, operand) for operand in operands)
            case _:
                raise Unresolvable(f"{stack.name}: the condition function {function} is not known here")
