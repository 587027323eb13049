"""
What can be done to a local cloud on purpose. Plain frozen data, the same on both sides of the control endpoint.

Functions may be named by the end of their name (`persist` for `natter-local-persist`). Each fault ends by itself, when
what it is given for (`seconds`, `batches` …) is used up, or with `clear`.
"""

from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

type Count = Annotated[int, Field(ge=1)]
type Seconds = Annotated[float, Field(gt=0, le=3600)]


@dataclass(frozen=True)
class Kill:
    """
    End an engine, or workers of a function, as `kill -9` does.

    A worker's place is taken by a new one with the next event. An engine stays down until `seconds` have passed, or
    until it is restarted.
    """

    target: str
    """Engine or function."""
    _: KW_ONLY
    workers: Count | None = None
    """How many workers, busy ones first; None: all. Functions only."""
    seconds: Seconds | None = None
    """Engines only."""
    kind: Literal["kill"] = "kill"


@dataclass(frozen=True)
class Pause:
    """Let an engine hang: its port accepts, nothing answers. Until `seconds` have passed, or it is resumed."""

    engine: str
    _: KW_ONLY
    seconds: Seconds | None = None
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True)
class Resume:
    """Let an engine that is paused go on."""

    engine: str
    _: KW_ONLY
    kind: Literal["resume"] = "resume"


@dataclass(frozen=True)
class Restart:
    """Start an engine, on its old port and data; one that runs is stopped in good order first."""

    engine: str
    _: KW_ONLY
    kind: Literal["restart"] = "restart"


@dataclass(frozen=True)
class Cut:
    """
    Hang up on all functions that have come through the door of an engine (`--secured`); they may come again at once.

    So does ElastiCache after twelve hours, and RDS Proxy with who has been idle.
    """

    engine: str
    _: KW_ONLY
    kind: Literal["cut"] = "cut"


@dataclass(frozen=True)
class HangUp:
    """
    Cut the clients' sockets, without a close frame, as when a host of the gateway dies; they may come again at once.

    Functions are told by `$disconnect`.
    """

    _: KW_ONLY
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Part of the sockets, drawn with `seed`."""
    seed: int = 0
    kind: Literal["hang-up"] = "hang-up"


@dataclass(frozen=True)
class Freeze:
    """
    Stop workers of a function in their tracks, until `seconds` have passed, or they are thawed.

    The platform goes on: frozen workers are given events, and are killed when the function's time limit has passed.
    """

    function: str
    _: KW_ONLY
    workers: Count | None = None
    """How many, busy ones first; None: all that there are now."""
    seconds: Seconds | None = None
    kind: Literal["freeze"] = "freeze"


@dataclass(frozen=True)
class Thaw:
    """Let all frozen workers of a function go on, zombies too."""

    function: str
    _: KW_ONLY
    kind: Literal["thaw"] = "thaw"


@dataclass(frozen=True)
class Zombie:
    """
    Let invocations by an event source go on after their batch was given to another worker.

    Each of the next `invocations` that still runs `after_ms` after its begin is frozen, and its event source told that
    it timed out; so the batch is given to another worker. `seconds` later, or when it is thawed, the frozen worker goes
    on with its old batch to the end. Nobody hears its answer.
    """

    function: str
    _: KW_ONLY
    invocations: Count = 1
    after_ms: Annotated[float, Field(ge=0)] = 0.0
    seconds: Seconds | None = 5.0
    """None: until it is thawed."""
    kind: Literal["zombie"] = "zombie"


@dataclass(frozen=True)
class Throttle:
    """
    Let no invocation of a function in, for `seconds`: as with a reserved concurrency of 0. What runs runs on.

    Event sources and events that nobody waits for try again; gateways answer with an error of their own.
    """

    function: str
    _: KW_ONLY
    seconds: Seconds | None = None
    kind: Literal["throttle"] = "throttle"


@dataclass(frozen=True)
class Duplicate:
    """
    Deliver batches twice: the next `batches`, or all for `seconds`.

    What counts for the event source is the second answer.
    """

    function: str
    _: KW_ONLY
    batches: Count | None = None
    seconds: Seconds | None = None
    concurrently: bool = False
    """Both at once instead of one after the other."""
    kind: Literal["duplicate"] = "duplicate"


@dataclass(frozen=True)
class Delay:
    """Hold back each batch for `ms`: the next `batches`, or all for `seconds` and no longer than that."""

    function: str
    _: KW_ONLY
    ms: Annotated[float, Field(gt=0, le=600_000)]
    batches: Count | None = None
    seconds: Seconds | None = None
    kind: Literal["delay"] = "delay"


@dataclass(frozen=True)
class Connections:
    """
    Let @connections refuse posts, without sending them: the next `posts`, or those of `seconds`.

    `none` leaves the caller without an answer, until it gives up.
    """

    answer: Literal[410, 429, "none"]
    _: KW_ONLY
    posts: Count | None = None
    seconds: Seconds | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Part of the posts that are refused, drawn with `seed`."""
    seed: int = 0
    kind: Literal["connections"] = "connections"


type CallAnswer = Literal["throttled", "broken", "none", "lost"]


@dataclass(frozen=True)
class Service:
    """
    Let one of AWS's services refuse calls of functions: the next `calls`, or those of `seconds`.

    `none` leaves the caller without an answer and the service without the call; `lost` only the caller: what it has
    asked for is done.
    """

    service: Literal["sns", "sqs", "xray"]
    """The last is where traces go."""
    answer: CallAnswer
    _: KW_ONLY
    calls: Count | None = None
    seconds: Seconds | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Part of the calls, drawn with `seed`."""
    seed: int = 0
    kind: Literal["service"] = "service"


type Fault = Annotated[
    Kill
    | Pause
    | Resume
    | Restart
    | Cut
    | HangUp
    | Freeze
    | Thaw
    | Zombie
    | Throttle
    | Duplicate
    | Delay
    | Connections
    | Service,
    Field(discriminator="kind"),
]
KINDS = (
    *(Kill, Pause, Resume, Restart, Cut, HangUp),
    *(Freeze, Thaw, Zombie, Throttle, Duplicate, Delay),
    *(Connections, Service),
)


@dataclass(frozen=True, kw_only=True)
class Active:
    """A fault in force. Functions have their full names."""

    fault: Fault
    hits: int = 0
    """How often it has struck: batches, posts, calls, invocations, workers, engines."""
    ends_in_s: float | None = None
    """None: not by time."""


@cache
def one_fault() -> TypeAdapter[Fault]:
    """To and from JSON, with all constraints checked. Made when it is first needed: that takes its time."""
    return TypeAdapter(Fault)


@cache
def active_faults() -> TypeAdapter[list[Active]]:
    return TypeAdapter(list[Active])
