"""Saved queries of CloudWatch Logs Insights: what a runbook looks for in the functions' logs, ready to be run."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.blocks.python_function import PythonFunction
from infra.config import FunctionName, Stage
from natter.metrics import (
    ANSWERING,
    ANSWERS,
    CODE,
    COLD_STARTS,
    CONNECTIONS_OPENED,
    INIT_TIME,
    QUEUES,
    ROUTE,
    SERVICE,
    STREAMS,
)


@dataclass(frozen=True, kw_only=True)
class Query:
    """Something to look for. Its fields are those of the functions' log lines, which Insights reads as JSON."""

    runbook: str
    """Of docs/runbooks; or what it is about, where no runbook is."""
    name: str
    of: tuple[str, ...] = ()
    """The functions whose logs it reads; none: all."""
    fields: tuple[str, ...] = ("@timestamp", SERVICE, "message")
    filters: tuple[str, ...] = ()
    stats: tuple[str, ...] = ()
    sort: str = "@timestamp desc"


QUERIES = (
    Query(
        runbook="lost-messages",
        name="unaccounted",
        of=("reconcile",),
        fields=("@timestamp", "message", "partition", "offsets", "records"),
        filters=("message like /^unaccounted/",),
    ),
    Query(
        runbook="lost-messages",
        name="set aside",
        of=STREAMS,
        fields=("@timestamp", SERVICE, "message", "partition", "offset"),
        filters=("message like /set aside/",),
    ),
    Query(
        runbook="erasures",
        name="not erased",
        of=("erase",),
        fields=("@timestamp", "message", "user_id"),
        filters=("message like /^not erased/",),
    ),
    Query(
        runbook="leaked-token",
        name="done by operators",
        of=("erase",),
        fields=("@timestamp", "message", "user_id"),
        filters=("message like /^sessions ended|^erasure asked for/",),
    ),
    Query(
        runbook="reconnect-storm",
        name="opened by minute",
        of=("connect",),
        fields=(),
        filters=(f"ispresent({CONNECTIONS_OPENED.name})",),
        stats=(f"sum({CONNECTIONS_OPENED.name}) as opened by bin(1m) as minute",),
        sort="minute desc",
    ),
    Query(
        runbook="hot-conversation",
        name="accepted, of what is sampled",
        of=("send",),
        fields=(),
        filters=("message like /^accepted/",),
        stats=("count() as frames by conversation_id",),
        sort="frames desc",
    ),
    Query(
        runbook="bad-deployment",
        name="errors by function",
        fields=(),
        filters=('level in ["ERROR", "CRITICAL"]',),
        stats=(f"count() as errors by {SERVICE}, bin(1m) as minute",),
        sort="minute desc",
    ),
    Query(runbook="files", name="given back", of=("settle_files",), filters=("message like /is given back/",)),
    Query(
        runbook="pushes",
        name="not taken",
        of=("wake",),
        filters=("message like /refused a push|refuses a push|not pushed|no answer from/",),
    ),
    Query(
        runbook="visitors",
        name="let down",
        of=("visit",),
        fields=("@timestamp", "leg", "failure", "ms"),
        filters=("message like /^a visitor was let down/",),
    ),
    Query(
        runbook="consumers",
        name="given back",
        of=tuple(sorted({*STREAMS, *QUEUES})),
        filters=("message like /is given back/",),
    ),
    Query(
        runbook="answers",
        name="faults by route",
        of=ANSWERING,
        fields=(),
        filters=(f'{CODE} in ["unavailable", "internal"]',),
        stats=(f"sum({ANSWERS.name}) as answers by {ROUTE}, {CODE}, bin(1m) as minute",),
        sort="minute desc",
    ),
    Query(
        runbook="answers",
        name="errors and what they came through",
        filters=('level in ["ERROR", "CRITICAL"]',),
    ),
    Query(
        runbook="traces",
        name="of one id",
        fields=("@timestamp", SERVICE, "level", "message", "request_id", "trace"),
        filters=('trace like "TRACE" or request_id = "REQUEST"',),
        sort="@timestamp asc",
    ),
    Query(
        runbook="functions",
        name="cold starts",
        fields=(),
        filters=(f"ispresent({COLD_STARTS.name})",),
        stats=(f"count() as starts, pct({INIT_TIME.name}, 95) as p95_ms by {SERVICE}, bin(5m) as minutes",),
        sort="starts desc",
    ),
)


def saved_queries(scope: Construct, *, stage: Stage, functions: Mapping[FunctionName, PythonFunction]) -> None:
    """Each in the folder of its stage and runbook."""
    for each in QUERIES:
        title = "".join(word.title() for word in f"{each.runbook} {each.name}".replace("-", " ").split())
        logs.QueryDefinition(
            scope,
            f"Query{title}",
            query_definition_name=f"natter-{stage.name}/{each.runbook}/{each.name}",
            query_string=logs.QueryString(
                fields=list(each.fields) or None,
                filter_statements=list(each.filters),
                stats_statements=list(each.stats) or None,
                sort=each.sort,
                limit=200,
            ),
            log_groups=[function.log_group for name, function in functions.items() if not each.of or name in each.of],
        )
