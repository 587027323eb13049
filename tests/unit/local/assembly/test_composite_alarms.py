from collections.abc import Callable
from typing import Any

from local.assembly import Resolver, build_app
from local.assembly.composite_alarms import composite_alarms
from local.model import CompositeAlarm

type Make = Callable[..., Resolver]
ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {"AlarmName": "slow", "Threshold": 1, "EvaluationPeriods": 1, "MetricName": "Calls"},
}


def composite(rule: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmName": "both", "AlarmRule": rule} | more}


class TestCompositeAlarms:
    def test_rest_on_alarms_of_the_template(self, resolver: Make) -> None:
        rule = {"Fn::Join": ["", ['(ALARM("', {"Fn::GetAtt": ["Slow", "Arn"]}, '") AND ALARM("down"))']]}
        topics = ["arn:aws:sns:eu-west-1:123456789012:page", "arn:aws:lambda:eu-west-1:123456789012:function:f"]
        made = resolver(
            main={"Resources": {"Slow": ALARM, "Both": composite(rule, AlarmDescription="why", AlarmActions=topics)}}
        )
        (found,), refused = composite_alarms(made)
        assert refused == ()
        assert found == CompositeAlarm(
            name="both",
            description="why",
            rule='(ALARM("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow") AND ALARM("down"))',
            topics={"ALARM": tuple(topics[:1]), "OK": (), "INSUFFICIENT_DATA": ()},
        )

    def test_without_actions_nobody_is_told(self, resolver: Make) -> None:
        made = resolver(main={"Resources": {"Both": composite("TRUE", ActionsEnabled=False, AlarmActions=[":sns:"])}})
        (found,), _ = composite_alarms(made)
        assert found.topics == {}

    def test_rules_that_nobody_evaluates_are_listed(self, resolver: Make) -> None:
        app = build_app(resolver(main={"Resources": {"Both": composite("ALARM(a) XOR OK(b)")}}), {})
        assert ("Both", "AWS::CloudWatch::CompositeAlarm.AlarmRule") in app.not_imitated
        assert app.composite_alarms == ()
