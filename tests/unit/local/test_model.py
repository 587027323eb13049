from local.model import Api, App, Authorizer, KafkaSource, Route, Schedule, SqsSource, Target
from local.precedence import Step


def schedule(*functions: str) -> Schedule:
    targets = tuple(Target(function_arn=each) for each in functions)
    return Schedule(
        logical_id="s", name="s", arn="s", source="aws.events", expression="rate(1 minute)", targets=targets
    )


def test_nobody_waits_for_what_only_queues_and_schedules_run() -> None:
    route = Route(key="GET /", function_arn="answers", authorizer=Authorizer(function_arn="authorizes"))
    app = App(
        region="eu-west-1",
        account="0",
        functions=(),
        apis=(Api(api_id="a", kind="HTTP", stage="$default", routes=(route,), port=1),),
        kafka_sources=(KafkaSource(uuid="k", function_arn="reads", topic="t", group_id="g", cluster_arn="c"),),
        sqs_sources=(SqsSource(uuid="q", function_arn="works", queue_arn="q"),),
        schedules=(schedule("sweeps", "answers"), schedule("authorizes", "reads", "works", "counts")),
        deploy_tasks=(),
        outputs={},
        not_imitated=(),
    )
    assert app.steps == {"sweeps": Step.SCHEDULE, "counts": Step.SCHEDULE, "works": Step.QUEUE}
