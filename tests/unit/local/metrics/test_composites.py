import json
from collections.abc import Sequence
from typing import Any

import pytest

from local.metrics.composites import Composites
from local.model import CompositeAlarm

TOPIC = "arn:aws:sns:eu-west-1:1:page"
BOTH = CompositeAlarm(
    name="both", description="why", rule="ALARM(a) AND ALARM(b)", topics={"ALARM": (TOPIC,), "OK": (TOPIC,)}
)
ANY = CompositeAlarm(name="any", rule="ALARM(both) OR ALARM(c)")


class CloudWatch:
    """The two calls that are made, over states by name."""

    def __init__(self, **states: str) -> None:
        self.states = states

    def describe_alarms(self, AlarmNames: Sequence[str], AlarmTypes: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        assert set(AlarmTypes) == {"MetricAlarm", "CompositeAlarm"}
        found = [{"AlarmName": name, "StateValue": self.states[name]} for name in AlarmNames if name in self.states]
        return {"MetricAlarms": found}

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        assert StateReason
        self.states[AlarmName] = StateValue


class Sns:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def publish(self, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: N803
        self.told.append((TopicArn, json.loads(Message)["NewStateValue"], Subject))


@pytest.fixture
def sns() -> Sns:
    return Sns()


class TestComposites:
    def test_follow_the_states_of_others_through_all_floors(self, sns: Sns) -> None:
        cloudwatch = CloudWatch(a="ALARM", b="OK", c="OK", both="INSUFFICIENT_DATA", any="INSUFFICIENT_DATA")
        composites = Composites([ANY, BOTH])
        seen = []
        for b in ("OK", "ALARM", "ALARM", "OK"):
            cloudwatch.states["b"] = b
            composites.tell(cloudwatch, sns)
            seen.append((cloudwatch.states["both"], cloudwatch.states["any"]))
        assert seen == [("OK", "OK"), ("ALARM", "ALARM"), ("ALARM", "ALARM"), ("OK", "OK")]
        assert composites.states == {"both": "OK", "any": "OK"}

    def test_topics_are_told_once_of_each_change(self, sns: Sns) -> None:
        cloudwatch = CloudWatch(a="ALARM", b="ALARM", both="OK")
        composites = Composites([BOTH])
        for _ in range(3):
            composites.tell(cloudwatch, sns)
        cloudwatch.states["a"] = "OK"
        composites.tell(cloudwatch, sns)
        assert sns.told == [(TOPIC, "ALARM", 'ALARM: "both"'), (TOPIC, "OK", 'OK: "both"')]

    def test_what_cloudwatch_does_not_have_is_left_alone(self, sns: Sns) -> None:
        """As after LocalStack has lost its data, until they are made again."""
        cloudwatch = CloudWatch(a="ALARM", b="ALARM")
        Composites([BOTH]).tell(cloudwatch, sns)
        assert "both" not in cloudwatch.states
        assert sns.told == []
