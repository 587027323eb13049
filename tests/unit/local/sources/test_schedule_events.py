import json
import uuid
from datetime import UTC, datetime
from typing import Literal

from local.model import Schedule, Target
from local.sources.schedule_events import event

AT = datetime(2026, 11, 24, 9, 30, 0, 999, tzinfo=UTC)
PLAIN = Target(function_arn="arn:aws:lambda:eu-west-1:123456789012:function:sweep")


def schedule(source: Literal["aws.events", "aws.scheduler"], arn: str) -> Schedule:
    return Schedule(logical_id="S", name="s", arn=arn, source=source, expression="rate(1 day)", targets=(PLAIN,))


RULE = schedule("aws.events", "arn:aws:events:eu-west-1:123456789012:rule/s")
SCHEDULE = schedule("aws.scheduler", "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/s")


class TestEvent:
    def test_has_the_form_of_a_rule(self) -> None:
        document = json.loads(event(RULE, PLAIN, at=AT))
        uuid.UUID(document.pop("id"))
        assert document == {
            "version": "0",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2026-11-24T09:30:00Z",
            "region": "eu-west-1",
            "resources": ["arn:aws:events:eu-west-1:123456789012:rule/s"],
            "detail": {},
        }

    def test_has_the_form_of_eventbridge_scheduler(self) -> None:
        document = json.loads(event(SCHEDULE, PLAIN, at=AT))
        assert document["source"] == "aws.scheduler"
        assert document["resources"] == ["arn:aws:scheduler:eu-west-1:123456789012:schedule/default/s"]
        assert document["detail"] == "{}"

    def test_every_event_has_an_id_of_its_own(self) -> None:
        assert json.loads(event(RULE, PLAIN, at=AT))["id"] != json.loads(event(RULE, PLAIN, at=AT))["id"]

    def test_own_input_replaces_it(self) -> None:
        target = Target(function_arn=PLAIN.function_arn, input='{"all": true}')
        assert event(RULE, target, at=AT) == b'{"all": true}'

    def test_context_attributes_are_filled_in_by_eventbridge_scheduler_only(self) -> None:
        text = '{"due": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}'
        target = Target(function_arn=PLAIN.function_arn, input=text)
        assert json.loads(event(SCHEDULE, target, at=AT)) == {"due": "2026-11-24T09:30:00Z", "by": SCHEDULE.arn}
        assert event(RULE, target, at=AT) == text.encode()
