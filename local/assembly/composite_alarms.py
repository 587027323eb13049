"""Alarms on the states of other alarms."""

from collections.abc import Mapping

from local.assembly.attributes import named
from local.assembly.intrinsics import Resolver
from local.assembly.templates import Resource
from local.metrics.rule import Rule, in_order
from local.metrics.series import NotUnderstood
from local.model import CompositeAlarm

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
composite_name = named("AlarmName")
_TOLD = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def composite_alarms(resolver: Resolver) -> tuple[tuple[CompositeAlarm, ...], tuple[tuple[str, str], ...]]:
    """The alarms, and as (logical id, type.Property) what nobody evaluates."""
    found: dict[str, CompositeAlarm] = {}
    rules: dict[str, Rule] = {}
    refused = []
    for resource in resolver.assembly.resources(COMPOSITE):
        alarm = _alarm(resolver, resource)
        try:
            rules[alarm.name] = Rule(alarm.rule)
            list(in_order(rules))
        except NotUnderstood:
            rules.pop(alarm.name, None)
            refused.append((resource.logical_id, f"{COMPOSITE}.AlarmRule"))
        else:
            found[alarm.name] = alarm
    return tuple(found.values()), tuple(refused)


def _alarm(resolver: Resolver, resource: Resource) -> CompositeAlarm:
    properties = resolver.properties(
        resource, "ActionsEnabled", "AlarmDescription", "AlarmName", "AlarmRule", *_TOLD.values()
    )
    topics: Mapping[str, tuple[str, ...]] = {
        state: tuple(arn for arn in properties.get(name, ()) if ":sns:" in arn) for state, name in _TOLD.items()
    }
    return CompositeAlarm(
        name=composite_name(resolver, resource),
        description=properties.get("AlarmDescription", ""),
        rule=properties["AlarmRule"],
        topics=topics if properties.get("ActionsEnabled", True) else {},
    )
