"""Alarms on work that is done late, or not at all: queues, pushes, erasures, the registry; and on the account."""

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.operations.alarms import MINUTE, Alarms, Because, Own, metric
from infra.stacks.functions import Functions
from infra.stacks.network import NetworkStack
from natter import metrics

WAITING_S = 60
MOST_DELAYED_S = 900
"""What a platform has refused waits for as long as a queue can keep it."""
PLATFORMS = ("apns", "apns_sandbox", "fcm", "webpush")
FAILING_PUSHES_PERCENT = 20
FEWEST_PUSHES = 10
"""A minute, of a platform; of fewer, a share says little."""
PUSH_AGE_MS = 35_000
"""Longer nobody waits for a push by intent but who is spared many: the half minute of who is online elsewhere, and what
handing it over takes."""
ERASURE_AGE_MS = 6 * 3600 * 1000
LEDGER_AGE_S = 600
LEDGER_SILENT_MINUTES = 10


def queues(alarms: Alarms, made: Functions) -> None:
    """Work that waits, and work that came to nothing."""
    queues = made.queues
    for name, queue, waiting_s, felt, runbook in (
        ("slices", queues.slices, WAITING_S, "in large groups see messages late", "queues#slices"),
        ("files", queues.files, WAITING_S, "nothing for a day; then files are lost", "files"),
        ("looks", queues.looks, WAITING_S, "see others as present who have gone", "queues#looks"),
        ("waves", queues.waves, WAITING_S + MOST_DELAYED_S, "who are away are not woken", "pushes"),
        ("crowds", queues.crowds, WAITING_S + MOST_DELAYED_S, "of large groups are not woken", "pushes"),
        ("rebuilds", queues.rebuilds, WAITING_S, "see messages only when they sync", "queues#rebuilds"),
        ("closures", queues.closures, WAITING_S, "keep connections that were to be closed", "queues#closures"),
    ):
        alarms.ticket(
            f"{name}-age",
            queue.metric_oldest_age(period=MINUTE),
            Because(
                why=f"The oldest message of the queue of {name} has waited for {waiting_s} s, for three minutes",
                felt=felt,
                runbook=runbook,
            ),
            above=waiting_s,
            minutes=3,
        )
        alarms.ticket(
            f"{name}-dead",
            queue.metric_dead(period=MINUTE),
            Because(
                why=f"A message of the queue of {name} was given back as often as it may be",
                felt=felt,
                runbook=runbook,
            ),
            above=0,
        )


def pushes(alarms: Alarms, own: Own) -> None:
    """Devices that are not woken, or late. The metrics are those of `wake`."""
    failing = ("Refused", "Unknown", "Invalid", "Unconfigured")
    felt = "who are away are not woken; who is there notices nothing"
    for platform in PLATFORMS:
        counts = {
            outcome.lower(): own(metrics.PUSHES[outcome], "wake", Platform=platform)
            for outcome in ("Accepted", "Dead", *failing)
        }
        failed, total = " + ".join(f"FILL({name.lower()}, 0)" for name in failing), "SUM(FILL(METRICS(), 0))"
        share = cloudwatch.MathExpression(
            expression=f"IF({total} >= {FEWEST_PUSHES}, 100 * ({failed}) / {total}, 0)",
            using_metrics=counts,
            label="Percent",
            period=MINUTE,
        )
        why = f"Of at least {FEWEST_PUSHES} pushes a minute by {platform} more than {FAILING_PUSHES_PERCENT} % fail"
        alarms.ticket(
            f"pushes-{platform}-failing",
            share,
            Because(why=f"{why}, for five minutes", felt=felt, runbook="pushes"),
            above=FAILING_PUSHES_PERCENT,
            minutes=5,
            late=2,
        )
    invalid = {platform: own(metrics.PUSHES["Invalid"], "wake", Platform=platform) for platform in PLATFORMS}
    alarms.ticket(
        "pushes-invalid",
        cloudwatch.MathExpression(expression="SUM(METRICS())", using_metrics=invalid, label="Invalid", period=MINUTE),
        Because(why="A platform refuses a push for good, by our fault", felt=felt, runbook="pushes"),
        above=0,
    )
    alarms.ticket(
        "push-age",
        own(metrics.PUSH_AGE, "wake", statistic="p50"),
        Because(
            why=f"Half of all pushes are more than {PUSH_AGE_MS // 1000} s late, for five minutes",
            felt="who are away are woken late",
            runbook="pushes",
        ),
        above=PUSH_AGE_MS,
        minutes=5,
    )


def promises(alarms: Alarms, own: Own) -> list[cloudwatch.IAlarm]:
    """What was promised and is late is a ticket; alarms on what may be lost are returned: they have to wake people."""
    alarms.ticket(
        "erasure-age",
        own(metrics.ERASURE_AGE, "erase", statistic="max"),
        Because(
            why="Somebody asked to be erased six hours ago, and is not",
            felt="nothing: nobody is shown anything of them",
            runbook="erasures",
        ),
        above=ERASURE_AGE_MS,
        minutes=3,
    )
    alarms.ticket(
        "registry-lost",
        own(metrics.REGISTRY_PARTS_LOST, "rebuild"),
        Because(
            why="The registry of connections has lost data, and is not whole again after three minutes",
            felt="see messages only when they sync, at the latest with their next ping",
            runbook="queues#rebuilds",
        ),
        above=0,
        minutes=3,
    )
    alarms.ticket(
        "ledger-age",
        own(metrics.LEDGER_AGE, "reconcile", statistic="max"),
        Because(
            why=f"What was committed {LEDGER_AGE_S // 60} minutes ago has not been looked at",
            felt="nothing: whether anything was lost is known later",
            runbook="lost-messages",
        ),
        above=LEDGER_AGE_S,
        minutes=3,
    )
    alarms.ticket(
        "ledger-silent",
        own(metrics.UNACCOUNTED, "reconcile", statistic="SampleCount"),
        Because(
            why=f"Nobody has looked for {LEDGER_SILENT_MINUTES} minutes whether anything was lost",
            felt="nothing: whether anything was lost is known later",
            runbook="lost-messages",
        ),
        below=1,
        minutes=LEDGER_SILENT_MINUTES,
        silence_is_bad=True,
    )
    unaccounted = alarms.part(
        "unaccounted",
        own(metrics.UNACCOUNTED, "reconcile"),
        Because(
            why="Nothing tells what became of something that was acknowledged",
            felt="a message that was acknowledged and never appears",
            runbook="lost-messages",
        ),
        above=0,
    )
    set_aside = [
        alarms.part(
            f"{name}-set-aside",
            own(metrics.RECORDS_SET_ASIDE, name),
            Because(
                why=f"{name} has set a record aside that it accepted and can never process",
                felt="that something acknowledged never happened",
                runbook="set-aside",
            ),
            above=0,
        )
        for name in metrics.STREAMS
    ]
    return [unaccounted, *set_aside]


def ports(alarms: Alarms, network: NetworkStack) -> None:
    """VPC User Guide, "Monitor NAT gateways with Amazon CloudWatch": 55,000 connections to one destination."""
    for index, gateway in enumerate(network.nat_gateways, 1):
        alarms.ticket(
            f"nat-ports-{index}",
            metric("AWS/NATGateway", "ErrorPortAllocation", {"NatGatewayId": gateway}),
            Because(
                why="A NAT gateway has no port left for connections to one destination, for two minutes",
                felt="live messages and pushes that come late or not at all",
                runbook="reconnect-storm#no-ports-left",
            ),
            above=0,
            minutes=2,
        )
