"""Live delivery that goes on elsewhere: invocations of `fanout` and `post_slice`, killed at any access like others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from greenlet import GreenletExit, getcurrent, greenlet

from natter.domain.attachments import UnsettledFiles
from natter.domain.delivery import Slice, Undelivered
from natter.domain.errors import Unavailable
from natter.usecases.delivery.fanout import Fanout
from natter.usecases.delivery.post_slice import PostSlice
from tests.reliability.ports import Pause
from tests.reliability.trace import Queued, Trace

KILL = 0.006
LONGEST_BATCH = 4
MOST_AT_ONCE = 3


class SteppedFanoutLog:
    def __init__(self, pause: Pause) -> None:
        self.records: list[Undelivered] = []
        self._pause = pause

    def add(self, undelivered: Sequence[Undelivered]) -> None:
        for each in undelivered:
            self._pause()
            self.records.append(each)


class SteppedSliceQueue:
    """Time does not matter: what is delayed may come at any moment."""

    def __init__(self, pause: Pause, trace: Trace) -> None:
        self.slices: list[Slice] = []
        self._pause = pause
        self._trace = trace

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:  # noqa: ARG002
        for each in slices:
            self._pause()
            self._trace.append(Queued(each, by=getcurrent()))
            self.slices.append(each)


class SteppedFileQueue:
    def __init__(self, pause: Pause) -> None:
        self.unsettled: list[UnsettledFiles] = []
        self._pause = pause

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:  # noqa: ARG002
        for each in unsettled:
            self._pause()
            self.unsettled.append(each)


@dataclass(eq=False)
class Errand:
    """An invocation, and what becomes of its work when it did not come to an end."""

    work: Callable[[], object]
    give_back: Callable[[], None]
    task: greenlet = field(init=False)

    def __post_init__(self) -> None:
        self.task = greenlet(self._run)

    def _run(self) -> None:
        try:
            self.work()
        except Unavailable:
            self.give_back()


@dataclass(kw_only=True)
class Couriers:
    """One invocation of `fanout` at a time, in the order of the log; several of `post_slice`, in no order."""

    log: SteppedFanoutLog
    queue: SteppedSliceQueue
    fanout: Fanout
    post_slice: PostSlice
    random: Random
    busy: list[Errand] = field(default_factory=list)
    _taken: int = 0
    _lane: Errand | None = None

    def start(self) -> None:
        """Hand out what waits."""
        if self._lane is None and self._taken < len(self.log.records):
            first = self._taken
            batch = self.log.records[first : first + self.random.randint(1, LONGEST_BATCH)]
            self._taken += len(batch)
            self._lane = self._begin(lambda: self.fanout(batch), lambda: self._rewind(first))
        if self.queue.slices and len(self.busy) < MOST_AT_ONCE:
            slice_ = self.queue.slices.pop(self.random.randrange(len(self.queue.slices)))
            self._begin(lambda: self.post_slice(slice_), lambda: self.queue.slices.append(slice_))

    def advance(self, errand: Errand) -> None:
        errand.task.switch()
        if not errand.task.dead and self.random.random() < KILL:
            errand.task.throw(GreenletExit)
            errand.give_back()
        if errand.task.dead:
            self.busy.remove(errand)
            if errand is self._lane:
                self._lane = None

    def is_quiet(self) -> bool:
        return not self.busy and not self.queue.slices and self._taken == len(self.log.records)

    def _begin(self, work: Callable[[], object], give_back: Callable[[], None]) -> Errand:
        errand = Errand(work, give_back)
        self.busy.append(errand)
        return errand

    def _rewind(self, first: int) -> None:
        self._taken = first
