"""What invokes functions by itself: event source mappings and schedules."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.assembly.attributes import function_arn
from local.assembly.intrinsics import Resolver, Unresolvable
from local.assembly.templates import Resource
from local.model import KafkaSource, Schedule, SqsSource, Target


def kafka_sources(resolver: Resolver) -> tuple[KafkaSource, ...]:
    return tuple(_kafka_source(resolver, mapping) for mapping in _mappings(resolver) if "Topics" in mapping.properties)


def sqs_sources(resolver: Resolver) -> tuple[SqsSource, ...]:
    """
    Raises:
        Unresolvable: a mapping reads neither topics nor a queue.
    """
    return tuple(
        _sqs_source(resolver, mapping) for mapping in _mappings(resolver) if "Topics" not in mapping.properties
    )


def schedules(resolver: Resolver) -> tuple[Schedule, ...]:
    """
    Of EventBridge's rules, those that have a schedule, and of EventBridge Scheduler all.

    Raises:
        Unresolvable: a target is no function.
    """
    assembly = resolver.assembly
    rules = assembly.resources("AWS::Events::Rule")
    found = [_rule(resolver, rule) for rule in rules if "ScheduleExpression" in rule.properties]
    found += [_schedule(resolver, schedule) for schedule in assembly.resources("AWS::Scheduler::Schedule")]
    return tuple(found)


def _mappings(resolver: Resolver) -> Iterator[Resource]:
    for resource in resolver.assembly.resources("AWS::Lambda::EventSourceMapping"):
        if resolver.exists(resource):
            yield resource


def _kafka_source(resolver: Resolver, resource: Resource) -> KafkaSource:
    properties = resolver.properties(resource)
    (topic,) = properties["Topics"]
    destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return KafkaSource(
        uuid=resource.logical_id,
        function_arn=function_arn(resolver, properties["FunctionName"]),
        topic=topic,
        group_id=properties.get("AmazonManagedKafkaEventSourceConfig", {}).get("ConsumerGroupId", resource.logical_id),
        cluster_arn=properties["EventSourceArn"],
        starting_position=properties.get("StartingPosition", "TRIM_HORIZON"),
        batch_size=properties.get("BatchSize", 100),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0.5)),
        enabled=properties.get("Enabled", True),
        report_item_failures=_reports_item_failures(properties),
        retry_attempts=properties.get("MaximumRetryAttempts", -1),
        max_record_age_s=properties.get("MaximumRecordAgeInSeconds", -1),
        bisect_on_error=properties.get("BisectBatchOnFunctionError", False),
        on_failure=destination,
    )


def _sqs_source(resolver: Resolver, resource: Resource) -> SqsSource:
    properties = resolver.properties(resource)
    queue_arn = str(properties.get("EventSourceArn", ""))
    if _service(queue_arn) != "sqs":
        raise Unresolvable(f"{resource}: only topics and queues are imitated as event sources")
    return SqsSource(
        uuid=resource.logical_id,
        function_arn=function_arn(resolver, properties["FunctionName"]),
        queue_arn=queue_arn,
        batch_size=int(properties.get("BatchSize", 10)),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        max_concurrency=properties.get("ScalingConfig", {}).get("MaximumConcurrency"),
        enabled=properties.get("Enabled", True),
        report_item_failures=_reports_item_failures(properties),
    )


def _rule(resolver: Resolver, resource: Resource) -> Schedule:
    properties = resolver.properties(resource, "ScheduleExpression", "State", "Targets")
    return Schedule(
        logical_id=resource.logical_id,
        name=resolver.attribute(resource.stack, resource.logical_id, "Ref"),
        arn=resolver.attribute(resource.stack, resource.logical_id, "Arn"),
        source="aws.events",
        expression=properties["ScheduleExpression"],
        targets=tuple(_target(resource, target) for target in properties.get("Targets", ())),
        enabled=properties.get("State") != "DISABLED",
    )


def _schedule(resolver: Resolver, resource: Resource) -> Schedule:
    names = ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target")
    properties = resolver.properties(resource, *names)
    return Schedule(
        logical_id=resource.logical_id,
        name=resolver.attribute(resource.stack, resource.logical_id, "Ref"),
        arn=resolver.attribute(resource.stack, resource.logical_id, "Arn"),
        source="aws.scheduler",
        expression=properties["ScheduleExpression"],
        targets=(_target(resource, properties["Target"]),),
        timezone=properties.get("ScheduleExpressionTimezone", "UTC"),
        enabled=properties.get("State") != "DISABLED",
    )


def _target(resource: Resource, target: Mapping[str, Any]) -> Target:
    if _service(target["Arn"]) != "lambda":
        raise Unresolvable(f"{resource}: only functions are imitated as targets of a schedule, not {target['Arn']}")
    return Target(function_arn=target["Arn"], input=target.get("Input"))


def _reports_item_failures(mapping: Mapping[str, Any]) -> bool:
    return "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 1 else ""
