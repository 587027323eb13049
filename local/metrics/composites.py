"""Composite alarms, which LocalStack knows and does not evaluate: their states, and who is told of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from local.model import CompositeAlarm

from .rule import Rule, in_order

AT_ONCE = 100
"""Alarms that are asked for in one call."""


class Composites:
    """Alarms on the states of other alarms, brought up to date by `tell`, as often as somebody calls it. Blocks."""

    def __init__(self, alarms: Sequence[CompositeAlarm]) -> None:
        """
        Raises:
            NotUnderstood: a rule is not, or they rest on each other.
        """
        rules = {alarm.name: Rule(alarm.rule) for alarm in alarms}
        by_name = {alarm.name: alarm for alarm in alarms}
        self._alarms = [(by_name[name], rules[name]) for name in in_order(rules)]
        self._names = sorted({alarm.name for alarm in alarms}.union(*(rule.children for rule in rules.values())))
        self.states: Mapping[str, str] = {alarm.name: "INSUFFICIENT_DATA" for alarm in alarms}

    def tell(self, cloudwatch: Any, sns: Any) -> None:
        """
        Sets the states that are others now, and tells the topics that wait for them.

        Raises:
            BotoCoreError, ClientError: who is asked does not answer; the next call goes on.
        """
        if not self._alarms:
            return
        states = dict(_states(cloudwatch, self._names))
        for alarm, rule in self._alarms:
            before, now = states.get(alarm.name), "ALARM" if rule.holds(states) else "OK"
            if before is None or before == now:
                continue
            states[alarm.name] = now
            reason = _reason(rule, states)
            cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue=now, StateReason=reason)
            for topic in alarm.topics.get(now, ()):
                told = _message(alarm, before, now, reason)
                sns.publish(TopicArn=topic, Subject=f'{now}: "{alarm.name}"', Message=told)
        self.states = {alarm.name: states[alarm.name] for alarm, _ in self._alarms if alarm.name in states}


def _states(cloudwatch: Any, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for some in batched(names, AT_ONCE, strict=False):
        found = cloudwatch.describe_alarms(AlarmNames=list(some), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        for alarm in [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]:
            yield alarm["AlarmName"], alarm["StateValue"]


def _reason(rule: Rule, states: Mapping[str, str]) -> str:
    ringing = sorted(name for name in rule.children if states.get(name) == "ALARM")
    return f"in ALARM: {', '.join(ringing)}" if ringing else "none of its alarms is in ALARM"


def _message(alarm: CompositeAlarm, before: str, now: str, reason: str) -> str:
    """What CloudWatch tells a topic of a composite alarm."""
    fields = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmRule": alarm.rule,
        "NewStateValue": now,
        "NewStateReason": reason,
        "OldStateValue": before,
        "StateChangeTime": datetime.now(UTC).isoformat(),
    }
    return json.dumps(fields)
