"""How alarms are made: each says why it rings, what users feel, and what to do; and whom it tells."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Stage
from infra.operations.levels import URGENCIES, Urgency
from natter.metrics import Metric

MINUTE = Duration.minutes(1)
RUNBOOKS = "docs/runbooks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Because:
    """What somebody reads who is woken. Sentences without their full stop."""

    why: str
    felt: str
    """By users."""
    runbook: str
    """Its name in docs/runbooks, perhaps with a heading: `queues#slices`."""

    @property
    def description(self) -> str:
        page, _, heading = self.runbook.partition("#")
        anchor = f"#{heading}" if heading else ""
        return f"{self.why}. Users: {self.felt}. Runbook: {RUNBOOKS}/{page}.md{anchor}"


class Alarms:
    """
    The alarms of a stage, and two topics: `pages` wakes people, `tickets` waits until they look.

    Pages are for what users notice, and there are few, so that one cause wakes once; causes make tickets.
    """

    def __init__(
        self, scope: Construct, *, stage: Stage, key: kms.IKey, of: str = "", urgencies: Iterable[Urgency] = URGENCIES
    ) -> None:
        """`of` stands in the names of topics, where a stage has some in another Region, too."""
        self._scope, self._prefix = scope, f"natter-{stage.name}"
        self._topics = {urgency: self._topic(f"{urgency}s", of, stage, key) for urgency in urgencies}

    def within(self, scope: Construct) -> Self:
        """Further ones, of another stack in the same Region, which tell the same topics."""
        others = copy(self)
        others._scope = scope  # noqa: SLF001 - of the same class
        return others

    def ticket(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        because: Because,
        *,
        above: float | None = None,
        below: float | None = None,
        minutes: int = 1,
        late: int = 0,
        silence_is_bad: bool = False,
    ) -> cloudwatch.Alarm:
        """
        It rings after `minutes` in a row (periods of the metric) beyond the bound. No data is no fault, for where
        nobody asks for anything there is none; where `silence_is_bad` something is always to be heard.

        `late`: it is enough if `minutes` of so many more are. An expression with FILL needs that: it gives the newest
        periods a value before CloudWatch has theirs, and they would never be beyond the bound (user guide, "Using
        metric math", FILL).
        """
        alarm = self.part(
            name, metric, because, above=above, below=below, minutes=minutes, late=late, silence_is_bad=silence_is_bad
        )
        self._tell(alarm, "ticket")
        return alarm

    def part(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        because: Because,
        *,
        above: float | None = None,
        below: float | None = None,
        minutes: int = 1,
        late: int = 0,
        silence_is_bad: bool = False,
    ) -> cloudwatch.Alarm:
        """As a ticket, but it tells nobody by itself: others rest on it."""
        assert (above is None) != (below is None)
        return cloudwatch.Alarm(
            self._scope,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=because.description,
            metric=metric,
            threshold=above if above is not None else below,  # type: ignore[arg-type] # one of them is given
            evaluation_periods=minutes + late,
            datapoints_to_alarm=minutes if late else None,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
            if above is not None
            else cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if silence_is_bad
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def all_of(
        self, name: str, parts: Sequence[cloudwatch.IAlarm], because: Because, *, tells: Urgency | None = None
    ) -> cloudwatch.CompositeAlarm:
        """Rings while all of its parts do."""
        return self._composite(name, cloudwatch.AlarmRule.all_of(*map(_rings, parts)), because, tells)

    def any_of(
        self, name: str, parts: Sequence[cloudwatch.IAlarm], because: Because, *, tells: Urgency
    ) -> cloudwatch.CompositeAlarm:
        """Rings while one of its parts does, and tells once, however many they are."""
        return self._composite(name, cloudwatch.AlarmRule.any_of(*map(_rings, parts)), because, tells)

    def _composite(
        self, name: str, rule: cloudwatch.IAlarmRule, because: Because, tells: Urgency | None
    ) -> cloudwatch.CompositeAlarm:
        alarm = cloudwatch.CompositeAlarm(
            self._scope,
            name,
            composite_alarm_name=f"{self._prefix}-{name}",
            alarm_description=because.description,
            alarm_rule=rule,
        )
        if tells is not None:
            self._tell(alarm, tells)
        return alarm

    def _tell(self, alarm: cloudwatch.AlarmBase, urgency: Urgency) -> None:
        """When it rings, and when it is over."""
        action = actions.SnsAction(self._topics[urgency])
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)

    def _topic(self, name: str, of: str, stage: Stage, key: kms.IKey) -> sns.Topic:
        """
        Lets this stage's alarms publish, which the topic's policy (TLS only) alone would not, and tells the operators.
        The key of the topic lets CloudWatch in where it is made.
        """
        topic = sns.Topic(
            self._scope, name.title(), topic_name=f"{self._prefix}-{of}{name}", master_key=key, enforce_ssl=True
        )
        alarms = Stack.of(self._scope).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{self._prefix}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )
        if stage.alarm_address is not None:
            topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_address))
        return topic


def _rings(alarm: cloudwatch.IAlarm) -> cloudwatch.IAlarmRule:
    return cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM)


def metric(
    namespace: str, name: str, dimensions: Mapping[str, str], *, statistic: str = "sum", period: Duration = MINUTE
) -> cloudwatch.Metric:
    """One of AWS's own."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=period,
    )


class Own:
    """The functions' own metrics, in the namespace of a stage."""

    def __init__(self, stage: Stage) -> None:
        self._namespace, self.prefix = stage.metrics, f"natter-{stage.name}"

    def __call__(
        self, declared: Metric, service: str, *, statistic: str = "sum", period: Duration = MINUTE, **values: str
    ) -> cloudwatch.Metric:
        """
        Raises:
            ValueError: there is no such series.
        """
        return metric(
            self._namespace, declared.name, declared.of(service, **values), statistic=statistic, period=period
        )
