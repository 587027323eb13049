"""
One page: are users fine, and if not, where. From the top: whether anything rings, service levels and what is left of
their budgets; what is seen from outside; the path of a message, leg by leg; who reads the log and how late;
connections; what is answered; the engines.
"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import Stage
from infra.operations import burning
from infra.operations.alarms import MINUTE, Own, metric
from infra.operations.engines import HEIGHT, WIDTH, engines, graph
from infra.operations.levels import BUDGET_DAYS, BURNS, LEVELS
from infra.operations.log import READERS
from infra.stacks.data import DataStack
from infra.stacks.functions import Functions
from infra.stacks.streams import StreamsStack
from natter import metrics

HOUR = Duration.hours(1)


class Dashboard(Construct):
    """`natter-STAGE` in CloudWatch; the local cloud draws the same one."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        own: Own,
        data: DataStack,
        streams: StreamsStack,
        functions: Functions,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, "Dashboard")
        cloudwatch.Dashboard(
            self,
            "Default",
            dashboard_name=f"natter-{stage.name}",
            default_interval=Duration.hours(3),
            widgets=[
                [_text(f"# Natter, {stage.name}: are users fine, and if not, where?")],
                [cloudwatch.AlarmStatusWidget(alarms=list(alarms), title="Rings", width=WIDTH, height=3)],
                _levels(own),
                *_section("From outside: two visitors talk every minute", _visits(own)),
                *_section("The path of a message", _path(own)),
                *_section("Who reads the log, and how late", _lag(own, streams)),
                *_section("Connections, and posts to them", _connections(own, functions)),
                *_section("Answers, and work", _answers(own, functions)),
                *_section("Engines", engines(data, streams)),
            ],
        )


def _levels(own: Own) -> list[cloudwatch.IWidget]:
    """Over the days of a budget; and how fast each is spent now, beside what makes a ticket or a page."""
    lines = [cloudwatch.HorizontalAnnotation(value=burn.rate, label=f"{burn.name} ({burn.urgency})") for burn in BURNS]
    days = [
        cloudwatch.SingleValueWidget(
            title=title,
            metrics=[value(level, own) for level in LEVELS],
            start=f"-P{BUDGET_DAYS}D",
            width=6,
            height=HEIGHT,
        )
        for title, value in (
            (f"Kept, in % of {BUDGET_DAYS} days", burning.kept),
            ("Error budget left, in %", burning.left),
        )
    ]
    return [
        *days,
        cloudwatch.GraphWidget(
            title="Budgets are spent so many times too fast (1 h)",
            left=[burning.rate(level, own, period=HOUR, label=level.title) for level in LEVELS],
            left_annotations=lines,
            width=12,
            height=HEIGHT,
        ),
    ]


def _visits(own: Own) -> list[cloudwatch.IWidget]:
    times = {leg: own(metrics.VISIT_TIME, "visit", statistic="max", Leg=leg) for leg in metrics.LEGS}
    failures = {leg: own(metrics.VISIT_FAILURES, "visit", Leg=leg) for leg in metrics.LEGS}
    return [
        graph("Legs of a visit, ms", times, width=12),
        graph("Legs that failed", failures, width=12),
    ]


def _path(own: Own) -> list[cloudwatch.IWidget]:
    legs = (
        ("To the log (acknowledged)", metrics.ACCEPT_TIME, "send"),
        ("Log to place (stored)", metrics.LOG_TO_PLACE, "persist"),
        ("Place to post", metrics.PLACE_TO_POST, "persist"),
        ("Frame to screen", metrics.END_TO_END, "persist"),
    )
    widgets = [
        graph(
            f"{title}, ms",
            {name: own(leg, function, statistic=name) for name in ("p50", "p95", "p99")},
            width=6,
        )
        for title, leg, function in legs
    ]
    counts = {
        each.name: own(each, function)
        for each, function in (
            (metrics.ACCEPTED, "send"),
            (metrics.EVENTS_STORED, "persist"),
            (metrics.OVERLOAD, "send"),
            (metrics.REFUSALS, "persist"),
            (metrics.RETRIES, "persist"),
            (metrics.REPLAYS, "persist"),
        )
    }
    return [
        *widgets,
        graph("Accepted, and what became of it", counts, width=24),
    ]


def _lag(own: Own, streams: StreamsStack) -> list[cloudwatch.IWidget]:
    ages, records = {}, {}
    for name, group, topic, *_ in READERS:
        lag = {"Cluster Name": streams.cluster_name, "Consumer Group": group, "Topic": topic}
        ages[name] = own(metrics.LAG, name, statistic="max")
        records[name] = metric("AWS/Kafka", "SumOffsetLag", lag, statistic="max")
    aside = {name: own(metrics.RECORDS_SET_ASIDE, name) for name in metrics.STREAMS}
    ledger = {
        "unaccounted": own(metrics.UNACCOUNTED, "reconcile"),
        "age, s": own(metrics.LEDGER_AGE, "reconcile", statistic="max"),
    }
    back = {name: own(metrics.RECORDS_GIVEN_BACK, name) for name in metrics.STREAMS}
    return [
        graph("Age of the oldest record handled, s", ages, width=8),
        graph("Records that wait", records, width=8),
        graph("Records given back", back, width=8),
        graph("Set aside", aside, width=12),
        graph("The ledger: lost, and how late that is known", ledger, width=12),
    ]


def _connections(own: Own, functions: Functions) -> list[cloudwatch.IWidget]:
    sockets = {"ApiId": functions.sockets.api.api_id, "Stage": functions.sockets.stage.stage_name}
    come_and_go = {
        "opened": own(metrics.CONNECTIONS_OPENED, "connect"),
        "ended": own(metrics.CONNECTIONS_ENDED, "disconnect"),
        "asked for": metric("AWS/ApiGateway", "ConnectCount", sockets),
    }
    posts = {
        each.name: own(each, "persist")
        for each in (metrics.POSTS_DELIVERED, metrics.POSTS_GONE, metrics.POSTS_FAILED, metrics.POSTS_UNTRIED)
    }
    gateway = {
        name: metric("AWS/ApiGateway", name, sockets)
        for name in ("MessageCount", "ClientError", "IntegrationError", "ExecutionError")
    }
    return [
        graph("Connections that come and go", come_and_go, width=6),
        graph("Open connections, about", {"by their pings": _open(own)}, width=6),
        graph("Posts by persist", posts, width=6),
        graph("The WebSocket API", gateway, width=6),
    ]


def _open(own: Own) -> cloudwatch.MathExpression:
    """
    How many connections are open, within some percent: none of AWS's metrics says it, and to count the registry would
    be to read all of it. Each pings once in four to five minutes (docs/protocol.md), so twice in nine on average.
    """
    period = Duration.minutes(9)
    pings = own(metrics.ANSWERS, "signal", period=period, Route="ping", Code=metrics.OK)
    return cloudwatch.MathExpression(expression="pings / 2", using_metrics={"pings": pings}, period=period)


def _answers(own: Own, functions: Functions) -> list[cloudwatch.IWidget]:
    faults = {name: own(metrics.FAULTS, name) for name in metrics.ANSWERING}
    answers = {name: own(metrics.FAULTS, name, statistic="SampleCount") for name in metrics.ANSWERING}
    made = {str(name): function for name, function in functions.made.items()}
    errors = {name: function.metric_errors(period=MINUTE, statistic="sum") for name, function in made.items()}
    throttles = {name: function.metric_throttles(period=MINUTE, statistic="sum") for name, function in made.items()}
    queues = functions.queues.all
    ages = {name: queue.metric_oldest_age(period=MINUTE) for name, queue in queues.items()}
    dead = {name: queue.metric_dead(period=MINUTE) for name, queue in queues.items()}
    return [
        graph("Answers", answers, width=8),
        graph("Answers that are our fault", faults, width=8),
        graph("Functions that failed", errors, width=8),
        graph("Invocations not let in", throttles, width=8),
        graph("The oldest in each queue, s", ages, width=8),
        graph("Dead letters", dead, width=8),
    ]


def _section(title: str, widgets: Sequence[cloudwatch.IWidget]) -> list[list[cloudwatch.IWidget]]:
    return [[_text(f"## {title}")], list(widgets)]


def _text(words: str) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(
        markdown=words, width=WIDTH, height=1, background=cloudwatch.TextWidgetBackground.TRANSPARENT
    )
