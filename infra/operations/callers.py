"""Alarms on the functions and on the gateways in front of them."""

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import Stage
from infra.operations.alarms import MINUTE, Alarms, Because, metric
from infra.stacks.functions import Functions

P99_LATENCY_MS = 1_000
MOST_CLAIMED_PERCENT = 80
QUIET_MINUTES = 15
"""A schedule that comes every minute and was not heard of for so long has stopped."""


def functions(alarms: Alarms, made: Functions, stage: Stage) -> None:
    """
    What fails, and what is not let in. `ClaimedAccountConcurrency` is what calls without reserved executions cannot
    have any more (AWS Lambda Developer Guide, "Monitoring concurrency").
    """
    for name, function in made.made.items():
        alarms.ticket(
            f"{name}-errors",
            function.metric_errors(period=MINUTE, statistic="sum"),
            Because(
                why=f"Invocations of {name} end with an error, or run out of time, for two minutes",
                felt="an answer `internal`, or what this function does comes late",
                runbook="failing-calls#errors",
            ),
            above=0,
            minutes=2,
        )
        alarms.ticket(
            f"{name}-throttles",
            function.metric_throttles(period=MINUTE, statistic="sum"),
            Because(
                why=f"Lambda lets no more invocations of {name} in, for two minutes",
                felt="an answer `internal`, or what this function does comes late",
                runbook="failing-calls#throttles",
            ),
            above=0,
            minutes=2,
        )
    claimed = metric("AWS/Lambda", "ClaimedAccountConcurrency", {}, statistic="max")
    alarms.ticket(
        "lambda-concurrency",
        claimed,
        Because(
            why=f"Of the executions that Lambda lets this account have, {MOST_CLAIMED_PERCENT} % are taken",
            felt="nothing yet; when they are used up, any function is throttled",
            runbook="failing-calls#throttles",
        ),
        above=stage.account_concurrency * MOST_CLAIMED_PERCENT / 100,
        minutes=3,
    )


def schedules(alarms: Alarms, made: Functions) -> None:
    """`FailedInvocations` and `Invocations` by rule: Amazon EventBridge User Guide, "Monitoring Amazon EventBridge"."""
    for folder, rule in made.schedules.items():
        dimensions = {"RuleName": rule}
        alarms.ticket(
            f"{folder}-not-invoked",
            metric("AWS/Events", "FailedInvocations", dimensions),
            Because(
                why=f"EventBridge could not hand over the minute's turn of {folder}",
                felt="nothing, unless it goes on: what it completes stays incomplete",
                runbook="failing-calls#schedules",
            ),
            above=0,
            minutes=3,
        )
        alarms.ticket(
            f"{folder}-standing-still",
            metric("AWS/Lambda", "Invocations", {"FunctionName": made.made[folder].function_name}),
            Because(
                why=f"{folder} was not run for {QUIET_MINUTES} minutes, though its schedule says every minute",
                felt="nothing at first: what it completes stays incomplete",
                runbook="failing-calls#schedules",
            ),
            below=1,
            minutes=QUIET_MINUTES,
            silence_is_bad=True,
        )


def gateways(alarms: Alarms, made: Functions) -> None:
    """API Gateway Developer Guide, "Monitor WebSocket API execution with CloudWatch metrics", and of HTTP APIs."""
    sockets = {"ApiId": made.sockets.api.api_id, "Stage": made.sockets.stage.stage_name}
    http = made.http.api
    alarms.ticket(
        "http-5xx",
        http.metric_server_error(period=MINUTE, statistic="sum"),
        Because(
            why="The HTTP API answers with 5xx, ours (`unavailable`, `internal`) or its own",
            felt="that something does not work, and try again",
            runbook="failing-calls#gateways",
        ),
        above=5,
    )
    for name, words in (
        ("IntegrationError", "A function behind the WebSocket API answers with an error"),
        ("ExecutionError", "The WebSocket API cannot call a function"),
    ):
        alarms.ticket(
            f"sockets-{name.lower()}",
            metric("AWS/ApiGateway", name, sockets),
            Because(
                why=words,
                felt="`Internal server error` as the answer to a frame, and their apps try again",
                runbook="failing-calls#gateways",
            ),
            above=5,
        )
    for name, measured in (
        ("sockets-latency-p99", metric("AWS/ApiGateway", "IntegrationLatency", sockets, statistic="p99")),
        ("http-latency-p99", http.metric_integration_latency(period=MINUTE, statistic="p99")),
    ):
        _slow(alarms, name, measured)


def _slow(alarms: Alarms, name: str, measured: cloudwatch.IMetric) -> None:
    alarms.ticket(
        name,
        measured,
        Because(
            why=f"One in a hundred answers takes longer than {P99_LATENCY_MS} ms, for five minutes",
            felt="that some of what they do takes long",
            runbook="failing-calls#slow",
        ),
        above=P99_LATENCY_MS,
        minutes=5,
    )
