"""
Traces: what became of one frame or request, leg by leg, from the gateway to the last post and push.

The model is OpenTelemetry's, what goes with records and messages is W3C's `traceparent`, and the id of a trace is that
under which everything is logged (docs/tracing.md). Whatever is handled is a `Work`; what takes time in it is a leg. Of
all works the legs are noted, a microsecond each; spans are made, and exported, of those that are sampled only.
"""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from random import getrandbits

from natter.metrics import SPANS_LOST
from natter.telemetry.recorder import Recorder
from natter.telemetry.spans import CONSUMER, INTERNAL, PRODUCER, SERVER, Attributes, Span, new_id, payload, service

MOST = 8
"""Traces that one work goes on with, and that one record or message carries: a batch may be of hundreds."""
SLOW_MS = 1_000
"""What takes so long, waiting in the log included, is sampled, whatever was decided where it began."""
MOST_SPANS = 1_000
"""Kept for the end of an invocation."""
PAUSE_S = 30.0
"""Without an attempt after one that failed: an exporter that is away costs one invocation its time limit, not all."""
_PARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")

_logger = logging.getLogger(__name__)

type Export = Callable[[bytes], bool]
"""Takes an OTLP request in JSON; whether it was taken. Answers in bounded time."""


def trace_id_of(request_id: str) -> str:
    """Of what the gateway calls so: whoever has the one, from an access log or an error, finds the other."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Strand:
    """One trace as far as a work is part of it."""

    trace_id: str
    parent_id: str
    """The span that it goes on from; empty: it begins here."""
    since: int
    """When the gateway, the log or the queue had it; milliseconds."""
    sampled: bool
    key: str = ""
    """Of the record that it came with."""
    span_id: str = field(default_factory=new_id)
    """The work's own."""

    @property
    def parent(self) -> str:
        """What goes on from here is told: a `traceparent` (W3C Trace Context, level 1)."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"


def continued(carried: str, since: int, key: str = "") -> list[Strand]:
    """The traces that a record or message carries; one that begins here if it carries none, or what is none."""
    found = [
        Strand(trace_id, parent_id, since, flags == "01", key)
        for trace_id, parent_id, flags in _PARENT.findall(carried)[:MOST]
    ]
    return found or [Strand(f"{getrandbits(128) or 1:032x}", "", since, sampled=False, key=key)]


def kept(strands: Sequence[Strand]) -> Sequence[Strand]:
    """Those that are sampled, each once, as far as there is room; else the latest, for the sake of its id in logs."""
    sampled = {each.trace_id: each for each in strands if each.sampled}
    return list(sampled.values())[:MOST] or strands[-1:]


@dataclass(slots=True)
class Leg:
    """What has taken time in a work."""

    name: str
    began: int
    ended: int
    """Nanoseconds since the epoch."""
    attributes: Attributes
    failed: bool = False


@dataclass(slots=True)
class Work:
    """What is done about one frame, request or message, or about one batch."""

    name: str
    kind: int
    strands: Mapping[str, Sequence[Strand]]
    """By the key of what goes on under that key; a conversation's, mostly."""
    waited_in: str | None = None
    """The topic or queue that it comes from."""
    waiting_counts: bool = True
    """Whether it is slow if it has waited; in a queue it may have to."""
    began: int = field(default_factory=time.time_ns)
    attributes: dict[str, str | int] = field(default_factory=dict)
    legs: list[Leg] = field(default_factory=list)
    failed: bool = False

    all: list[Strand] = field(init=False)
    sampled: bool = field(init=False)
    _since: int = field(init=False)

    def __post_init__(self) -> None:
        self.all = [each for some in self.strands.values() for each in some]
        self.sampled = any(each.sampled for each in self.all)
        waiting = [each.since * 1_000_000 for each in self.all] if self.waiting_counts else []
        self._since = min([self.began, *waiting])

    @property
    def is_slow(self) -> bool:
        return time.time_ns() - self._since > SLOW_MS * 1_000_000

    def sample(self) -> None:
        """Nobody has chosen it, and it is worth it all the same: some of its traces, at least."""
        self.sampled = True
        for each in self.all[:MOST]:
            each.sampled = True

    def spans(self, ended: int) -> Iterator[Span]:
        """One for the waiting, one for the work, and one for each leg; in every trace that is sampled."""
        for strand in [each for each in self.all if each.sampled]:
            began, parent = min(self.began, strand.since * 1_000_000), strand.parent_id
            of = partial(Span, trace_id=strand.trace_id)
            if self.waited_in is not None:
                waited = of(parent_id=parent, name=self.waited_in, kind=PRODUCER, began=began, ended=self.began)
                yield waited
                began, parent = self.began, waited.span_id
            yield of(
                span_id=strand.span_id,
                parent_id=parent,
                name=self.name,
                kind=self.kind,
                began=began,
                ended=ended,
                attributes=self.attributes | ({"key": strand.key} if strand.key else {}),
                failed=self.failed,
            )
            for leg in self.legs:
                yield of(
                    parent_id=strand.span_id,
                    name=leg.name,
                    kind=INTERNAL,
                    began=leg.began,
                    ended=leg.ended,
                    attributes=leg.attributes,
                    failed=leg.failed,
                )


class Allowance:
    """How many traces an environment may choose: so many a second, and a few at once."""

    def __init__(self, *, per_s: float = 1.0, burst: int = 5, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._left, self._at = float(burst), clock()

    def take(self) -> bool:
        now = self._clock()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._per_s), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Tracer:
    """Notes what one environment does. It has one work at a time, as Lambda has it."""

    def __init__(self, recorder: Recorder, in_detail: Callable[[bool], None] = lambda _: None) -> None:
        """`in_detail` is told whether what is done now is sampled, so that its logs may say more."""
        self.work: Work | None = None
        self._recorder = recorder
        self._in_detail = in_detail
        self._spans: list[Span] = []
        self.configure(0.0, None)

    def configure(self, ratio: float, export: Export | None, allowance: Allowance | None = None) -> None:
        """Sample that share of what begins here, and errors and what is slow always, as far as there is allowance."""
        self._ratio, self._export, self._allowance = ratio, export, allowance or Allowance()
        self._paused_until = 0.0

    # Works, as the entry points begin them

    @contextmanager
    def request(self, name: str, request_id: str, at: int) -> Iterator[Work]:
        """A frame or a request, which the gateway calls `request_id` and has had since `at`: its trace begins here."""
        trace_id = trace_id_of(request_id)
        sampled = int(trace_id[-14:], 16) < self._ratio * 2**56 and self._choose()
        strand = Strand(trace_id, "", at, sampled)
        with self._working(Work(name, SERVER, {"": [strand]}, attributes={"request_id": request_id})) as work:
            yield work

    @contextmanager
    def batch(self, topic: str, records: Iterable[tuple[str, str, int]]) -> Iterator[Work]:
        """Records of a topic: key, what each carries (`continued`), and when the log had it."""
        strands: dict[str, Sequence[Strand]] = {}
        count = 0
        for key, carried, at in records:
            strands[key] = kept([*strands.get(key, ()), *continued(carried, at, key)])
            count += 1
        chosen = [each for some in strands.values() for each in some if each.sampled]
        for each in chosen[MOST:]:
            each.sampled = False
        with self._working(Work(service(), CONSUMER, strands, topic, attributes={"records": count})) as work:
            yield work

    @contextmanager
    def message(self, queue: str, carried: str, at: int) -> Iterator[Work]:
        """A message of a queue."""
        work = Work(service(), CONSUMER, {"": continued(carried, at)}, queue, waiting_counts=False)
        with self._working(work):
            yield work

    @contextmanager
    def _working(self, work: Work) -> Iterator[Work]:
        self.work = work
        in_detail = work.sampled
        if in_detail:
            self._in_detail(True)
        try:
            yield work
        except BaseException:
            work.failed = True
            raise
        finally:
            self._notice(work)
            self.work = None
            if work.sampled:
                self._keep(work)
            if in_detail:
                self._in_detail(False)

    # What is known in the midst of one

    @contextmanager
    def leg(self, name: str, **attributes: str | int) -> Iterator[None]:
        """What takes time, and whether it fails; outside of a work, nothing."""
        leg = Leg(name, time.time_ns(), 0, attributes)
        try:
            yield
        except BaseException:
            leg.failed = True
            raise
        finally:
            leg.ended = time.time_ns()
            if self.work is not None:
                self.work.legs.append(leg)

    def passed(self, name: str, until_ms: int) -> None:
        """A leg from the last one, or from when the work began, until then."""
        if (work := self.work) is not None:
            work.legs.append(Leg(name, work.began, max(work.began, until_ms * 1_000_000), {}))

    def answered(self, name: str, code: str, *, failed: bool) -> None:
        """As what it was asked, how it was answered, and whether that is our fault."""
        if (work := self.work) is not None:
            work.name, work.failed = name, failed
            work.attributes["code"] = code

    def carry(self, *keys: str) -> str | None:
        """
        What goes out under `keys` is to carry: the traces of what came in under them, or of all if nothing did, each as
        a `traceparent`, with commas. None: nothing is being done about anything.
        """
        if (work := self.work) is None:
            return None
        self._notice(work)
        named = [each for key in keys for each in work.strands.get(key, ())]
        return ",".join(each.parent for each in kept(named or work.all))

    @property
    def current(self) -> list[str]:
        """The traces that belong to what is done now, for logs: some of them."""
        return [] if self.work is None else [each.trace_id for each in islice(self.work.all, MOST)]

    def samples(self, trace_id: str | None) -> bool:
        """Whether this trace is one of those that are sampled now."""
        return self.work is not None and any(each.trace_id == trace_id and each.sampled for each in self.work.all)

    # What becomes of it

    def _choose(self) -> bool:
        return self._export is not None and self._allowance.take()

    def _notice(self, work: Work) -> None:
        """Sample what nobody has chosen and is worth it all the same."""
        if not work.sampled and (work.failed or work.is_slow) and self._choose():
            work.sample()

    def _keep(self, work: Work) -> None:
        spans = list(work.spans(time.time_ns()))
        room = MOST_SPANS - len(self._spans)
        self._spans += spans[:room]
        self._recorder.count(SPANS_LOST, len(spans[room:]))

    def flush(self) -> None:
        """Export what was kept. Never fails; what is not taken is counted, and gone."""
        spans, self._spans = self._spans, []
        if not spans:
            return
        taken = False
        if self._export is not None and time.monotonic() >= self._paused_until:
            try:
                taken = self._export(payload(spans))
            except Exception as error:  # noqa: BLE001 - whatever it is, what was done is done
                _logger.error("traces are not exported\n%s", type(error).__qualname__)  # noqa: TRY400 - as everywhere
            self._paused_until = 0.0 if taken else time.monotonic() + PAUSE_S
        if not taken:
            self._recorder.count(SPANS_LOST, len(spans))
