"""
What the local cloud runs: a CDK app's resources after all references are resolved to local values.

`assembly` makes these values from the synthesized templates; `runtime`, `gateway` and `sources` execute them.
Plain frozen data: no behaviour, no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from local.precedence import Step


@dataclass(frozen=True, kw_only=True)
class AsyncSettings:
    """What an `AWS::Lambda::EventInvokeConfig` says about events that nobody waits for. Destinations are ARNs."""

    retry_attempts: int = 2
    max_age_s: float = 6 * 3600.0
    on_success: str | None = None
    on_failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Function:
    """An `AWS::Lambda::Function`."""

    logical_id: str
    name: str
    """What AWS would name it, e.g. `natter-local-send`; unique in the app."""
    arn: str
    handler: str
    code: Path
    """Folder that would be unpacked at `/var/task`."""
    layers: tuple[Path, ...] = ()
    """Folders that would be unpacked at `/opt`, in order (each has a `python/`)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    """ARN of the role that it acts as."""
    timeout_s: float = 3.0
    memory_mb: int = 128
    reserved_concurrency: int | None = None
    provisioned_concurrency: int = 0
    """Environments started before the first event (from the alias's provisioned concurrency)."""
    asynchronous: AsyncSettings = AsyncSettings()
    dead_letter_arn: str | None = None
    """Queue or topic for asynchronous events that are given up."""


@dataclass(frozen=True, kw_only=True)
class Authorizer:
    """A `REQUEST` authorizer. `identity_sources` as in the template (`route.request.header.X`, `$request.header.X`)."""

    function_arn: str
    identity_sources: tuple[str, ...] = ()
    ttl_s: int = 0
    simple_responses: bool = False


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route of an API: `key` is `$connect`, `send` … or `GET /v1/users/{id}`."""

    key: str
    function_arn: str
    timeout_s: float = 29.0
    authorizer: Authorizer | None = None
    returns_response: bool = False
    """WebSocket only: the route has a route response, so the integration's answer reaches the client."""


@dataclass(frozen=True, kw_only=True)
class Cors:
    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool = False


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """What a stage lets through: a bucket of `burst` tokens that gains `rate` a second."""

    rate: float | None = None
    """None: anything."""
    burst: int | None = None
    """None: as many as a second brings."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """An `AWS::ApiGatewayV2::Api` with its one stage."""

    api_id: str
    kind: Literal["WEBSOCKET", "HTTP"]
    stage: str
    """Stage name; an HTTP API's `$default` stage has no path prefix."""
    routes: tuple[Route, ...]
    port: int
    """Loopback port on which this API is served."""
    route_selection: str = "$request.body.action"
    cors: Cors | None = None
    throttle: Throttle = field(default_factory=Throttle)
    """Of all routes that have none of their own, together."""
    route_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    """By route key."""


@dataclass(frozen=True, kw_only=True)
class BucketOrigin:
    """A bucket that a distribution reads. What its policy says is looked at when the app is read."""

    bucket: str
    path: str = ""
    """What comes before the path that is asked for."""
    readable: bool
    """Whether the distribution may get objects."""
    listable: bool
    """Whether it is told what is not there."""


@dataclass(frozen=True, kw_only=True)
class ApiOrigin:
    """An API of the app before which a distribution stands."""

    port: int
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the distribution adds to each request, over what the viewer says."""


@dataclass(frozen=True, kw_only=True)
class AddedHeader:
    name: str
    value: str
    override: bool
    """Over what the origin says."""


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """What a distribution does about requests to some paths."""

    pattern: str = "*"
    origin: BucketOrigin | ApiOrigin
    methods: frozenset[str]
    forwards: bool
    """Whether the origin is told the query and all headers but `Host`, or nothing of them."""
    compress: bool
    added: tuple[AddedHeader, ...] = ()
    removed: frozenset[str] = frozenset()
    """Headers of the origin, in lower case."""


@dataclass(frozen=True, kw_only=True)
class ErrorPage:
    path: str
    status: int


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """An `AWS::CloudFront::Distribution`."""

    logical_id: str
    distribution_id: str
    port: int
    """Loopback port on which it is served."""
    root: str = ""
    """What `/` is, below it."""
    behaviors: tuple[Behavior, ...]
    """The first whose pattern matches counts; the last matches all."""
    error_pages: Mapping[int, ErrorPage] = field(default_factory=dict)
    """By the status that the origin answers."""


@dataclass(frozen=True, kw_only=True)
class KafkaSource:
    """An `AWS::Lambda::EventSourceMapping` on a Kafka topic."""

    uuid: str
    function_arn: str
    topic: str
    group_id: str
    cluster_arn: str
    starting_position: Literal["TRIM_HORIZON", "LATEST"] = "TRIM_HORIZON"
    batch_size: int = 100
    window_s: float = 0.5
    enabled: bool = True
    report_item_failures: bool = False
    retry_attempts: int = -1
    """-1: without end."""
    max_record_age_s: int = -1
    bisect_on_error: bool = False
    on_failure: str | None = None
    """`kafka://TOPIC`, or an ARN."""


@dataclass(frozen=True, kw_only=True)
class SqsSource:
    """An `AWS::Lambda::EventSourceMapping` on an SQS queue."""

    uuid: str
    function_arn: str
    queue_arn: str
    batch_size: int = 10
    window_s: float = 0.0
    max_concurrency: int | None = None
    """Batches under way at once; None: as many as AWS begins with."""
    enabled: bool = True
    report_item_failures: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """A function that a schedule invokes, with `input` (JSON) instead of the event that says what has come due."""

    function_arn: str
    input: str | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An `AWS::Events::Rule` with a schedule, or an `AWS::Scheduler::Schedule`."""

    logical_id: str
    name: str
    arn: str
    source: Literal["aws.events", "aws.scheduler"]
    expression: str
    """`rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` or `at(2027-01-31T12:00:00)`."""
    targets: tuple[Target, ...]
    timezone: str = "UTC"
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class MetricStat:
    """A metric as an alarm sees it: one value of `statistic` (CloudWatch's name of it) for each period."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    period_s: int
    statistic: str
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An `AWS::CloudWatch::Alarm` on a metric, or on metric math."""

    name: str
    metrics: Mapping[str, MetricStat]
    """By the ids that expressions know them by; all have the same period."""
    expressions: Mapping[str, str] = field(default_factory=dict)
    watched: str
    """The id of the metric or expression that is compared with the threshold."""
    operator: str
    """CloudWatch's name of the comparison, e.g. `GreaterThanThreshold`."""
    threshold: float
    periods: int
    datapoints: int
    """Of `periods`, how many must be beyond the threshold."""
    missing: Literal["missing", "notBreaching", "breaching", "ignore"] = "missing"
    ignores_few_samples: bool = False
    """Stays as it is while there are too few values for its percentile."""
    simple: bool = False
    """On a statistic that LocalStack evaluates by itself."""

    @property
    def period_s(self) -> int:
        return next(iter(self.metrics.values())).period_s


@dataclass(frozen=True, kw_only=True)
class CompositeAlarm:
    """An `AWS::CloudWatch::CompositeAlarm`."""

    name: str
    description: str = ""
    rule: str
    """As in the template: `ALARM("one") AND NOT OK("other")`."""
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """ARNs of the topics that are told, by the state that it comes to."""


@dataclass(frozen=True, kw_only=True)
class Widget:
    """One of a dashboard's, on a page that is 24 wide."""

    kind: Literal["text", "alarm", "metric"]
    title: str = ""
    place: tuple[int, int, int, int]
    """Left, top, width, height."""
    text: str = ""
    """Markdown, of a text."""
    alarms: tuple[str, ...] = ()
    """Names."""
    single: bool = False
    """Only the last values are shown, as numbers."""
    metrics: Mapping[str, MetricStat] = field(default_factory=dict)
    """By the ids that expressions know them by."""
    expressions: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[tuple[str, str], ...] = ()
    """What is drawn: ids of metrics or expressions, with their labels."""
    marks: tuple[tuple[float, str], ...] = ()
    """Values that are marked, with words."""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """An `AWS::CloudWatch::Dashboard`."""

    name: str
    widgets: tuple[Widget, ...]


@dataclass(frozen=True, kw_only=True)
class DeployTask:
    """A function that runs once at deploy (`Custom::Trigger`); the deployment fails if it does."""

    logical_id: str
    function_arn: str


@dataclass(frozen=True, kw_only=True)
class App:
    """The whole resolved app."""

    region: str
    account: str
    functions: tuple[Function, ...]
    apis: tuple[Api, ...]
    distributions: tuple[Distribution, ...] = ()
    kafka_sources: tuple[KafkaSource, ...]
    sqs_sources: tuple[SqsSource, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    composite_alarms: tuple[CompositeAlarm, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    deploy_tasks: tuple[DeployTask, ...]
    outputs: Mapping[str, str]
    not_imitated: tuple[tuple[str, str], ...]
    """(logical id, resource type) of everything that has no counterpart here: listed, never skipped in silence."""

    @property
    def steps(self) -> Mapping[str, Step]:
        """ARNs of functions that nobody waits for, since only queues and schedules give them something to do."""
        routes = [route for api in self.apis for route in api.routes]
        attended = {each.function_arn for each in routes}
        attended |= {each.authorizer.function_arn for each in routes if each.authorizer is not None}
        attended |= {each.function_arn for each in self.kafka_sources}
        scheduled = {target.function_arn: Step.SCHEDULE for each in self.schedules for target in each.targets}
        queued = {each.function_arn: Step.QUEUE for each in self.sqs_sources}
        return {arn: step for arn, step in (scheduled | queued).items() if arn not in attended}
