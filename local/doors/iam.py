"""
What the roles of the templates may do: the part of IAM's policy language that identity policies of functions use.

Deny by default, an explicit Deny wins ("Policy evaluation logic", IAM user guide). What the policies attached to
resources say is not looked at: one's own account is let in by either.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from local.assembly import Resolver, Unresolvable

type Context = Mapping[str, str]
"""Condition keys of a request, in lower case, and their values."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Operator, key in lower case, values."""

    def covers(self, action: str, resource: str, context: Context) -> bool:
        return self._names(action, context) and any(matches(pattern, resource) for pattern in self.resources)

    def named(self, action: str, resource: str) -> Iterator["Named"]:
        """In which of its own words it covers these."""
        for pattern in self.actions:
            if matches(pattern.lower(), action.lower()):
                yield from (Named(pattern, each, self.conditions) for each in self.resources if matches(each, resource))

    def resources_of(self, action: str) -> tuple[str, ...]:
        """Patterns of what it says of `action`, in a request that meets no condition but negated ones."""
        return self.resources if self._names(action, {}) else ()

    def _names(self, action: str, context: Context) -> bool:
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) and all(
            _holds(condition, context) for condition in self.conditions
        )


class Named(NamedTuple):
    """One action that a statement names, on one resource that it names."""

    action: str
    resource: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


class Grants:
    """Of each role, by its ARN."""

    def __init__(self, statements: Mapping[str, Sequence[Statement]]) -> None:
        self._statements = statements

    def allow(self, role: str, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether the role may do `action` to `resource`, an ARN, or `*` for an action that knows no resources."""
        return bool(self.letting(role, action, resource, context))

    def letting(self, role: str, action: str, resource: str, context: Context | None = None) -> Sequence[Statement]:
        """The statements by which it may do that; none if it may not."""
        covering = [each for each in self._statements.get(role, ()) if each.covers(action, resource, context or {})]
        return covering if all(each.allows for each in covering) else ()

    def named(self) -> Iterator[tuple[str, "Named"]]:
        """By role, each action on each resource that is stated."""
        for role, statements in self._statements.items():
            for each in statements:
                yield from ((role, Named(a, r, each.conditions)) for a in each.actions for r in each.resources)

    def roles(self) -> Iterable[tuple[str, Sequence[Statement]]]:
        """Each that the templates have, with what its policies state."""
        return self._statements.items()


def grants(resolver: Resolver) -> Grants:
    """
    What the app's policies say, inline and attached.

    Raises:
        Unresolvable: one says it in words that are not understood here.
    """
    found: dict[str, list[Statement]] = {}
    for role in resolver.assembly.resources("AWS::IAM::Role"):
        arn = str(resolver.attribute(role.stack, role.logical_id, "Arn"))
        found[arn] = []
        for policy in resolver.properties(role, "Policies").get("Policies", ()):
            found[arn] += _statements(policy["PolicyDocument"], str(role))
    arns = {_name(arn): arn for arn in found}
    for policy in resolver.assembly.resources("AWS::IAM::Policy"):
        properties = resolver.properties(policy, "PolicyDocument", "Roles")
        for name in properties.get("Roles", ()):
            found[arns[name]] += _statements(properties["PolicyDocument"], str(policy))
    return Grants(found)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _statements(document: Mapping[str, Any], policy: str) -> Iterator[Statement]:
    for statement in _list(document["Statement"]):
        unknown = statement.keys() - {"Action", "Condition", "Effect", "Resource", "Sid"}
        if unknown:
            raise Unresolvable(f"{policy}: {sorted(unknown)} of a statement is not understood here")
        yield Statement(
            allows=statement["Effect"] == "Allow",
            actions=tuple(_list(statement["Action"])),
            resources=tuple(_list(statement["Resource"])),
            conditions=tuple(_conditions(statement.get("Condition", {}), policy)),
        )


def _conditions(stated: Mapping[str, Mapping[str, Any]], policy: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in stated.items():
        if operator not in _OPERATORS:
            raise Unresolvable(f"{policy}: the condition {operator} is not understood here")
        for key, values in keys.items():
            yield operator, key.lower(), tuple(str(value) for value in _list(values))


def _holds(condition: tuple[str, str, tuple[str, ...]], context: Context) -> bool:
    """A key that the request does not have meets no condition but a negated one."""
    operator, key, values = condition
    negated, compare = _OPERATORS[operator]
    met = key in context and any(compare(value, context[key]) for value in values)
    return met is not negated


def _equal(expected: str, value: str) -> bool:
    return expected == value


def _same(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


def matches(pattern: str, value: str) -> bool:
    """Whether `value` is what `pattern` says: `*` stands for any letters, `?` for one."""
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)


_OPERATORS: Mapping[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, _equal),
    "StringNotEquals": (True, _equal),
    "StringEqualsIgnoreCase": (False, _same),
    "StringLike": (False, matches),
    "StringNotLike": (True, matches),
    "ArnEquals": (False, matches),
    "ArnLike": (False, matches),
    "ArnNotLike": (True, matches),
    "Bool": (False, _same),
}
"""Whether it is negated, and how one value is compared."""


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
