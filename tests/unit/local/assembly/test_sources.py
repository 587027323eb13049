from collections.abc import Callable
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable
from local.assembly.sources import kafka_sources, schedules, sqs_sources
from local.model import KafkaSource, Schedule, SqsSource, Target

type Make = Callable[..., Resolver]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:send"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:jobs"
SEND_ARN = {"Fn::GetAtt": ["Send", "Arn"]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def mapping(**properties: Any) -> dict[str, Any]:
    return resource("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": "Send"}, **properties)


@pytest.fixture
def app(resolver: Make) -> Make:
    def make(**resources: dict[str, Any]) -> Resolver:
        send = resource("AWS::Lambda::Function", FunctionName="send")
        return resolver(main={"Resources": {"Send": send, **resources}})

    return make


class TestKafkaSources:
    def test_are_as_the_template_says(self, app: Make) -> None:
        made = app(
            Cluster=resource("AWS::MSK::Cluster", ClusterName="main"),
            Orders=mapping(
                Topics=["orders"],
                EventSourceArn={"Ref": "Cluster"},
                AmazonManagedKafkaEventSourceConfig={"ConsumerGroupId": "readers"},
                BatchSize=10,
                MaximumBatchingWindowInSeconds=0,
                StartingPosition="TRIM_HORIZON",
                FunctionResponseTypes=["ReportBatchItemFailures"],
                DestinationConfig={"OnFailure": {"Destination": "kafka://dead"}},
            ),
        )
        assert kafka_sources(made) == (
            KafkaSource(
                uuid="Orders",
                function_arn=ARN,
                topic="orders",
                group_id="readers",
                cluster_arn="arn:aws:kafka:eu-west-1:123456789012:cluster/main/local",
                batch_size=10,
                window_s=0.0,
                report_item_failures=True,
                on_failure="kafka://dead",
            ),
        )
        assert sqs_sources(made) == ()


class TestSqsSources:
    def test_are_as_the_template_says(self, app: Make) -> None:
        made = app(
            Jobs=mapping(
                EventSourceArn=QUEUE_ARN,
                BatchSize=50,
                MaximumBatchingWindowInSeconds=2,
                ScalingConfig={"MaximumConcurrency": 3},
                FunctionResponseTypes=["ReportBatchItemFailures"],
                Enabled=False,
            )
        )
        assert sqs_sources(made) == (
            SqsSource(
                uuid="Jobs",
                function_arn=ARN,
                queue_arn=QUEUE_ARN,
                batch_size=50,
                window_s=2.0,
                max_concurrency=3,
                enabled=False,
                report_item_failures=True,
            ),
        )
        assert kafka_sources(made) == ()

    def test_have_the_defaults_of_aws(self, app: Make) -> None:
        assert sqs_sources(app(Jobs=mapping(EventSourceArn=QUEUE_ARN))) == (
            SqsSource(uuid="Jobs", function_arn=ARN, queue_arn=QUEUE_ARN, batch_size=10, window_s=0.0),
        )

    def test_name_the_queue_that_localstack_made(self, app: Make) -> None:
        made = app(Queue=resource("AWS::SQS::Queue"), Jobs=mapping(EventSourceArn={"Fn::GetAtt": ["Queue", "Arn"]}))
        made.lookup.known["main", "Queue"] = {"Arn": QUEUE_ARN}  # type: ignore[attr-defined]
        assert [source.queue_arn for source in sqs_sources(made)] == [QUEUE_ARN]

    def test_streams_are_refused_by_name(self, app: Make) -> None:
        with pytest.raises(Unresolvable, match="Stream"):
            sqs_sources(app(Stream=mapping(EventSourceArn="arn:aws:kinesis:eu-west-1:123456789012:stream/s")))


class TestSchedules:
    def test_of_rules(self, app: Make) -> None:
        made = app(
            Sweep=resource(
                "AWS::Events::Rule",
                Name="sweep",
                ScheduleExpression="rate(5 minutes)",
                State="ENABLED",
                Targets=[{"Arn": SEND_ARN, "Id": "0"}, {"Arn": SEND_ARN, "Id": "1", "Input": '{"all":true}'}],
            )
        )
        assert schedules(made) == (
            Schedule(
                logical_id="Sweep",
                name="sweep",
                arn="arn:aws:events:eu-west-1:123456789012:rule/sweep",
                source="aws.events",
                expression="rate(5 minutes)",
                targets=(Target(function_arn=ARN), Target(function_arn=ARN, input='{"all":true}')),
            ),
        )

    def test_of_eventbridge_scheduler(self, app: Make) -> None:
        made = app(
            Morning=resource(
                "AWS::Scheduler::Schedule",
                Name="morning",
                GroupName="daily",
                ScheduleExpression="cron(0 9 * * ? *)",
                ScheduleExpressionTimezone="Europe/Berlin",
                State="DISABLED",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": SEND_ARN, "RoleArn": "arn:role", "Input": "{}"},
            )
        )
        assert schedules(made) == (
            Schedule(
                logical_id="Morning",
                name="morning",
                arn="arn:aws:scheduler:eu-west-1:123456789012:schedule/daily/morning",
                source="aws.scheduler",
                expression="cron(0 9 * * ? *)",
                targets=(Target(function_arn=ARN, input="{}"),),
                timezone="Europe/Berlin",
                enabled=False,
            ),
        )

    def test_rules_for_events_have_none(self, app: Make) -> None:
        pattern = {"source": ["aws.s3"]}
        assert schedules(app(OnUpload=resource("AWS::Events::Rule", EventPattern=pattern, Targets=[]))) == ()

    def test_targets_other_than_functions_are_refused_by_name(self, app: Make) -> None:
        targets = [{"Arn": QUEUE_ARN, "Id": "0"}]
        with pytest.raises(Unresolvable, match="Sweep"):
            schedules(app(Sweep=resource("AWS::Events::Rule", ScheduleExpression="rate(1 day)", Targets=targets)))
