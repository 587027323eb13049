"""
The metrics that the functions emit: name, unit, dimensions, meaning, and who emits them.

What is not declared here cannot be emitted (`natter.telemetry`). docs/metrics.md is made from this module, and `infra`
names metrics by it; like `natter.names`, it imports nothing of ours. All lie in the stage's namespace, `Natter/STAGE`,
and have the dimension `service`, which is the function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SERVICE = "service"
"""The function that emits it, as its folder is called: `send`, `persist` …"""
ROUTE = "Route"
"""What was asked: the route of a frame (`send`, `read` …), or method and path of an HTTP request, as documented."""
CODE = "Code"
"""How it was answered: `ok`, or the error's code (docs/protocol.md)."""
CACHE = "Cache"
"""What was looked up: see `CACHES`."""
PLATFORM = "Platform"
"""Whom devices are woken by: `apns`, `apns_sandbox`, `fcm`, `webpush`."""
REASON = "Reason"
"""Why a device was not woken: `natter.domain.push.waking.Reason`."""

LEG = "Leg"
"""What a visitor does: see `LEGS`."""

OK = "ok"
CONNECT = "$connect"
"""The route of a connection that is made; and before it, its authorizer's."""
AUTHORIZE = "authorize"
UNKNOWN = "unknown"
"""The route of requests for what there is not: who asks makes no new series. Of frames, it is `$default`."""

HEADS, ROSTERS, WARM = CACHES = ("heads", "rosters", "warm")
"""Where conversations are (Valkey), who belongs to them (Valkey), and what `persist` keeps of them in its memory."""

LEGS = ("sign-in", "connect", "send", "push", "sync", "receive", "read")
"""Of a visit, one after the other (`natter.domain.visiting.Leg`)."""

type Unit = Literal["Count", "Milliseconds", "Seconds"]
"""As CloudWatch names them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Metric:
    """A metric of the functions' own; there is one object of each."""

    name: str
    unit: Unit
    meaning: str
    by: tuple[str, ...]
    """The functions that emit it."""
    extra: tuple[str, ...] = ()
    """Dimensions besides `service`."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (SERVICE, *self.extra)

    def of(self, service: str, **values: str) -> Mapping[str, str]:
        """
        The dimensions of one of its series, for alarms and dashboards: `ANSWERS.of("send", Route="send", Code="ok")`.

        Raises:
            ValueError: there is no such series.
        """
        if service not in self.by or values.keys() != set(self.extra):
            raise ValueError(f"{self.name} has no series of {service} by {', '.join(values) or 'nothing else'}")
        return {SERVICE: service, **values}


STREAMS = ("persist", "fanout", "receipts", "presence", "push")
QUEUES = ("post_slice", "settle_files", "close_connections", "presence", "wake", "rebuild")
ANSWERING = ("authorize", "connect", "send", "signal", "users_api", "chat_api")
POSTING = (
    *("persist", "post_slice", "receipts", "presence", "signal", "chat_api"),
    *("send", "connect", "users_api", "erase", "rebuild", "close_connections"),
)
"""The last six only to who is about to be closed."""
OTHERS = ("disconnect", "export", "relay", "erase", "reconcile", "migrate", "push_platforms", "rotate_login", "visit")
TRACED = tuple(sorted({*ANSWERING, *STREAMS, *QUEUES}))
"""Those whose work is part of traces."""
FUNCTIONS = tuple(sorted({*STREAMS, *QUEUES, *ANSWERING, *OTHERS}))
"""All that there are."""

# what users feel

ANSWERS = Metric(
    name="Answers",
    unit="Count",
    extra=(ROUTE, CODE),
    by=ANSWERING,
    meaning="Frames, requests and connects that were answered. Each is its own invocation and answers with 200 or a "
    "status below 500 as far as Lambda can tell: this is where errors show.",
)
FAULTS = Metric(
    name="Faults",
    unit="Count",
    by=ANSWERING,
    meaning="1 for an answer that is our fault (`unavailable`, `internal`), 0 for any other, whoever's fault it is. So "
    "Sum is how many, SampleCount how many answers there were at all, and Average the share.",
)
ANSWER_TIME = Metric(
    name="AnswerTime",
    unit="Milliseconds",
    extra=(ROUTE,),
    by=ANSWERING,
    meaning="From when the gateway had the frame or request until it was answered, so with waiting for an environment "
    "and its cold start.",
)
ACCEPT_TIME = Metric(
    name="AcceptTime",
    unit="Milliseconds",
    by=("send",),
    meaning="The same of frames that were acknowledged: until the log had them on all in-sync replicas.",
)
END_TO_END = Metric(
    name="EndToEnd",
    unit="Milliseconds",
    by=("persist",),
    meaning="From when the gateway had a frame until what it became was posted to the connections of its audience, as "
    "far as the batch posts itself. One for each record that was folded for the first time.",
)

# the path of a message

ACCEPTED = Metric(
    name="Accepted",
    unit="Count",
    by=("send", "chat_api", "relay", "erase"),
    meaning="Items (messages, edits, deletions, reactions, changes of members …) that the log has confirmed.",
)
OVERLOAD = Metric(
    name="Overload",
    unit="Count",
    by=("send",),
    meaning="Items (messages, edits, deletions, reactions) that were answered `unavailable` and are not in the log, "
    "because more is appended to their partition than `persist` shows in time. Their clients try again, and each "
    "attempt counts.",
)
LOG_TO_PLACE = Metric(
    name="LogToPlace",
    unit="Milliseconds",
    by=("persist",),
    meaning="From the log's timestamp of a record until what it became is stored. One for each record folded first.",
)
PLACE_TO_POST = Metric(
    name="PlaceToPost",
    unit="Milliseconds",
    by=("persist",),
    meaning="From when a batch was stored until it was posted. One for each batch.",
)
LOG_TO_DELIVERY = Metric(
    name="LogToDelivery",
    unit="Milliseconds",
    by=("persist",),
    meaning="From the log's timestamp of a record until what it became was posted: `LogToPlace` and `PlaceToPost`.",
)
EVENTS_STORED = Metric(
    name="EventsStored", unit="Count", by=("persist",), meaning="Items that became events and are stored."
)
REFUSALS = Metric(
    name="Refusals",
    unit="Count",
    by=("persist",),
    meaning="Items that were accepted and then refused by the fold; their senders are told.",
)
RETRIES = Metric(
    name="Retries", unit="Count", by=("persist",), meaning="Items whose client id was spent before: nothing new (P3)."
)
REPLAYS = Metric(
    name="Replays", unit="Count", by=("persist",), meaning="Items that were folded before, because a batch came again."
)
LAG = Metric(
    name="Lag",
    unit="Seconds",
    by=STREAMS,
    meaning="How old the oldest record of a batch is when it is handled. One for each batch, also when it is given "
    "back. Where records wait and nobody handles them there is none: look at missing data, too. `receipts` gathers its "
    "records for a second.",
)
RECORDS_GIVEN_BACK = Metric(
    name="RecordsGivenBack",
    unit="Count",
    by=tuple(sorted({*STREAMS, *QUEUES})),
    meaning="Records of a topic, or messages of a queue, that could not be processed now and come again.",
)
RECORDS_SET_ASIDE = Metric(
    name="RecordsSetAside",
    unit="Count",
    by=STREAMS,
    meaning="Records that were accepted and can never be processed: they lie in `chat.dead`.",
)

# live delivery

POSTS_DELIVERED = Metric(
    name="PostsDelivered", unit="Count", by=POSTING, meaning="Frames that the gateway took for a connection."
)
POSTS_GONE = Metric(
    name="PostsGone",
    unit="Count",
    by=POSTING,
    meaning="Frames for connections that the gateway does not know any more.",
)
POSTS_FAILED = Metric(
    name="PostsFailed", unit="Count", by=POSTING, meaning="Frames that were refused or not answered in time."
)
POSTS_UNTRIED = Metric(
    name="PostsUntried", unit="Count", by=POSTING, meaning="Frames for which there was no time left."
)
POSTS_REDELIVERED = Metric(
    name="PostsRedelivered",
    unit="Count",
    by=("post_slice",),
    meaning="Frames that arrived though they had failed before.",
)
EVENTS_HANDED_OVER = Metric(
    name="EventsHandedOver",
    unit="Count",
    by=("persist",),
    meaning="Events that were too much for their batch to post, and are left to `fanout`.",
)
SLICES = Metric(
    name="Slices", unit="Count", by=("fanout",), meaning="Slices into which `fanout` has cut what was handed over."
)
CONNECTIONS_CLOSED = Metric(
    name="ConnectionsClosed",
    unit="Count",
    by=("persist", "post_slice"),
    meaning="Connections that were closed so that their clients sync, because nothing else helped.",
)

# connections

CONNECTIONS_OPENED = Metric(name="ConnectionsOpened", unit="Count", by=("connect",), meaning="Connections registered.")
CONNECTIONS_ENDED = Metric(
    name="ConnectionsEnded", unit="Count", by=("disconnect",), meaning="Connections whose end the gateway has reported."
)
REGISTRY_PARTS_LOST = Metric(
    name="RegistryPartsLost",
    unit="Count",
    by=("rebuild",),
    meaning="Parts of the registry of connections that had lost their data.",
)
CONNECTIONS_RESTORED = Metric(
    name="ConnectionsRestored",
    unit="Count",
    by=("rebuild",),
    meaning="Connections that are known again after a loss of the registry's data.",
)

# pushes

PUSH_OUTCOMES = {
    "Accepted": "taken by the platform",
    "Dead": "for tokens that the platform will not take again; they are forgotten",
    "Refused": "not taken now, and tried again",
    "Unknown": "not answered, so perhaps taken",
    "Invalid": "not taken, and our fault",
    "Unconfigured": "for a platform that this stage has no credentials for",
}
PUSHES = {
    outcome: Metric(
        name=f"Pushes{outcome}", unit="Count", extra=(PLATFORM,), by=("wake",), meaning=f"Pushes of messages {meaning}."
    )
    for outcome, meaning in PUSH_OUTCOMES.items()
}
BADGES = {
    outcome: Metric(
        name=f"Badges{outcome}", unit="Count", extra=(PLATFORM,), by=("wake",), meaning=f"Numbers on icons {meaning}."
    )
    for outcome, meaning in PUSH_OUTCOMES.items()
}
NOT_PUSHED = Metric(
    name="NotPushed",
    unit="Count",
    extra=(REASON,),
    by=("wake",),
    meaning="Messages for which a registered device was not woken, on purpose.",
)
PUSH_AGE = Metric(
    name="PushAge",
    unit="Milliseconds",
    by=("wake",),
    meaning="From a message until a push of it was taken by its platform; half a minute of it may be intended.",
)

# functions and caches

COLD_STARTS = Metric(
    name="ColdStarts", unit="Count", by=FUNCTIONS, meaning="First invocations of an execution environment."
)
INIT_TIME = Metric(
    name="InitTime",
    unit="Milliseconds",
    by=FUNCTIONS,
    meaning="How long an environment took to put the function together, connections included, before its first event.",
)
SPANS_LOST = Metric(
    name="SpansLost",
    unit="Count",
    by=TRACED,
    meaning="Spans of traces that were sampled and not taken: where they are exported to is away, or refuses them.",
)
CACHE_HITS = Metric(
    name="CacheHits",
    unit="Count",
    extra=(CACHE,),
    by=("send", "signal", "persist", "receipts", "wake", "users_api", "chat_api", "relay", "erase"),
    meaning="What was looked up in a cache and found.",
)
CACHE_MISSES = Metric(
    name="CacheMisses",
    unit="Count",
    extra=(CACHE,),
    by=CACHE_HITS.by,
    meaning="What was looked up in a cache and had to be read where it is kept.",
)

# what must not wait for ever, and what must not be lost

ERASURE_AGE = Metric(
    name="ErasureAge",
    unit="Milliseconds",
    by=("erase",),
    meaning="How long ago the oldest erasure of an account was asked for that is not done.",
)
UNACCOUNTED = Metric(
    name="Unaccounted",
    unit="Count",
    by=("reconcile",),
    meaning="Items of the log that were acknowledged, that `persist` has committed, and of which nothing tells what "
    "became: lost. Exactly 0, stated at every run; anything else is an alarm, and the log names partition and offsets.",
)
RECONCILED = Metric(
    name="Reconciled",
    unit="Count",
    by=("reconcile",),
    meaning="Items of the log of which it was made sure what became of them.",
)
LEDGER_AGE = Metric(
    name="LedgerAge",
    unit="Seconds",
    by=("reconcile",),
    meaning="How old the oldest record is that `persist` has committed and that was not looked at yet, at the end of a "
    "run; 0 if there is none.",
)

LOGIN_AGE = Metric(
    name="LoginAge",
    unit="Seconds",
    by=("relay",),
    meaning="How long ago the password was made that functions sign in to PostgreSQL with; none where Secrets Manager "
    "did not say so.",
)

# what is seen from outside, when no user is there, too

VISIT_TIME = Metric(
    name="VisitTime",
    unit="Milliseconds",
    extra=(LEG,),
    by=("visit",),
    meaning="How long a leg of a visit took that went well: two people of the deployment's own come from outside, by "
    "the public URLs, and each leg is tried once. `sign-in`: both, by new connections; `connect`: a ticket, the "
    "socket, a ping; `send`: until acknowledged; `push`: from then on until it is at the sink, with the two seconds in "
    "which who is away is let be; `sync`; `receive`: from sending until it is on the other's screen; `read`: until the "
    "receipt is.",
)
VISIT_FAILURES = Metric(
    name="VisitFailures",
    unit="Count",
    extra=(LEG,),
    by=("visit",),
    meaning="Legs that failed, or were not done in time. The log names what came instead. Legs that rest on one that "
    "failed are not tried, and not counted.",
)
VISITS_FAILED = Metric(
    name="VisitsFailed",
    unit="Count",
    by=("visit",),
    meaning="1 for a visit of which a leg failed, 0 for one in which all was well. Stated every minute: where there is "
    "none, nobody knows what users see.",
)

METRICS = tuple(
    sorted(
        [
            *PUSHES.values(),
            *BADGES.values(),
            *(each for each in list(globals().values()) if isinstance(each, Metric)),
        ],
        key=lambda metric: metric.name,
    )
)
"""All of them."""
