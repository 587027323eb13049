"""
A deterministic world around `Persist`, `Deliver`, `Fanout` and `PostSlice`.

Every port yields to a scheduler before each access, so one invocation can be interleaved with others, killed
between any two accesses, or left behind while its batch is given to another one (a zombie). One seed is one run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from greenlet import GreenletExit, getcurrent, greenlet

from natter.adapters.logs_memory import MemoryCommandLog
from natter.domain.commands import Record
from natter.domain.errors import Unavailable
from natter.usecases.deliver import Deliver
from natter.usecases.fanout import Fanout
from natter.usecases.persist import Persist
from natter.usecases.post_slice import PostSlice
from natter.usecases.settle_posts import SettlePosts
from natter.wire.frames import JsonFrames
from tests.reliability.clients import Clients
from tests.reliability.couriers import Couriers, Errand, SteppedFanoutLog, SteppedSliceQueue
from tests.reliability.load import Load
from tests.reliability.ports import SteppedConnections, SteppedEventLog, SteppedGateway, SteppedHeadCache, SteppedTables
from tests.reliability.trace import Appended, Trace

APPEND = 0.12
YIELD = 0.5
KILL = 0.006
ABANDON = 0.008
FAULT = 0.002
LOSE_COMMIT = 0.06
VANISH = 0.002
STEP_MS = 4
MAX_POSTS = 6
"""Of one batch: so few that some are left to `fanout`."""
LONGEST_BATCH = 8
WEEK_AND_A_DAY_MS = 8 * 24 * 3600 * 1000
MOST_STEPS = 200_000


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run is made of: the shipped classes, or ones with a planted bug."""

    tables: type[SteppedTables] = SteppedTables
    settle: type[SettlePosts] = SettlePosts
    fanout: type[Fanout] = Fanout
    persist: type[Persist] = Persist


@dataclass(eq=False)
class Invocation:
    """A batch in the hands of one execution environment."""

    environment: Persist
    batch: Sequence[Record]
    is_done: bool = False
    task: greenlet = field(init=False)

    def __post_init__(self) -> None:
        self.task = greenlet(self._run)

    def _run(self) -> None:
        try:
            self.environment(self.batch)
        except Unavailable:
            return
        self.is_done = True


class World:
    """One run: `run` it, then let the checker look at `log`, `tables`, `trace` and `clients`."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.random = Random(seed)
        self._scheduler = getcurrent()
        self.trace: Trace = []
        self.now = 1_700_000_000_000
        self._skew = 0
        self.log = MemoryCommandLog(lambda: self.now + self._skew)
        self.tables = parts.tables(self.pause, self.random, self.trace)
        self.connections = SteppedConnections(self.pause)
        self.heads = SteppedHeadCache(self.pause)
        self.clients = Clients(
            connections=self.connections,
            heads=self.heads,
            timeline=self.tables,
            scheduler=self._scheduler,
            random=self.random,
            trace=self.trace,
            now_ms=self._now_ms,
        )
        self._gateway = SteppedGateway(self.clients, self.step, self.random, self.trace)
        self._events = SteppedEventLog(self.pause, self.trace)
        self._parts = parts
        self._fanout, self._slices = SteppedFanoutLog(self.pause), SteppedSliceQueue(self.pause)
        self._settle = parts.settle(
            connections=self.connections, gateway=self._gateway, queue=self._slices, now_ms=self._now_ms
        )
        self._couriers = Couriers(
            log=self._fanout,
            queue=self._slices,
            fanout=parts.fanout(store=self.tables, connections=self.connections, queue=self._slices),
            post_slice=PostSlice(store=self.tables, gateway=self._gateway, frames=JsonFrames(), settle=self._settle),
            random=self.random,
        )
        self._idle = [self._environment() for _ in range(3)]
        load = Load(random=self.random)
        self._commands = load.make()
        self._week_before = load.week_before
        self._committed = self._appended = 0
        self._current: Invocation | None = None
        self._zombies: list[Invocation] = []

    def run(self) -> None:
        """
        Until every command is folded, every zombie has ended and every client is connected.

        Raises:
            RuntimeError: it does not come to an end.
        """
        self.clients.connect_all()
        for _ in range(MOST_STEPS):
            if self._is_over():
                return
            self.now += STEP_MS
            if self.random.random() < APPEND:
                self._append()
            if self._current is None:
                self._start()
            if self.random.random() < VANISH:
                self.clients.lose_one()
            self._couriers.start()
            running: list[Invocation | Errand | greenlet] = []
            running += [*self._zombies, *self.clients.busy, *self._couriers.busy]
            if self._current is not None:
                running.append(self._current)
            if running:
                self._advance(self.random.choice(running))
        raise RuntimeError("the run does not come to an end")

    def step(self) -> None:
        """Now and then let the scheduler run somebody else. A killed invocation does not come back from here."""
        if self.random.random() < YIELD:
            self._scheduler.switch()

    def pause(self) -> None:
        """
        A step before an access that may fail.

        Raises:
            Unavailable: it fails.
        """
        if getcurrent() is self._scheduler:  # the checker reads
            return
        self.step()
        if self.random.random() < FAULT:
            raise Unavailable("a simulated dependency")

    def _environment(self) -> Persist:
        frames = JsonFrames()

        deliver = Deliver(
            connections=self.connections,
            gateway=self._gateway,
            frames=frames,
            settle=self._settle,
            fanout=self._fanout,
            max_posts=MAX_POSTS,
        )
        return self._parts.persist(
            store=self.tables,
            heads=self.heads,
            deliver=deliver,
            frames=frames,
            events=self._events,
            now_ms=self._now_ms,
        )

    def _now_ms(self) -> int:
        return self.now

    def _is_over(self) -> bool:
        return not self._commands and self._is_quiet()

    def _is_quiet(self) -> bool:
        return (
            self._committed == self._appended
            and self._current is None
            and not self._zombies
            and not self.clients.busy
            and self._couriers.is_quiet()
        )

    def _append(self) -> None:
        """The next command gets its place; the log's clock jumps. Once in a run, more than a week may pass."""
        if not self._commands:
            return
        if self._appended == self._week_before:
            if not self._is_quiet():
                return
            self._week_before = -1
            self.now += WEEK_AND_A_DAY_MS
        self._skew = self.random.choice([0, 0, 0, 2000, -3000])
        self.log.append(self.clients.sent(self._commands.pop(0)))
        self.trace.append(Appended(self.log.records(since=self._appended)[0]))
        self._appended += 1

    def _start(self) -> None:
        """Give the next batch to an execution environment, warm or new."""
        if self._committed < self._appended:
            batch = self.log.records(since=self._committed)[: self.random.randint(1, LONGEST_BATCH)]
            environment = self._idle.pop(self.random.randrange(len(self._idle))) if self._idle else self._environment()
            self._current = Invocation(environment, batch)

    def _advance(self, actor: Invocation | Errand | greenlet) -> None:
        if isinstance(actor, greenlet):
            self.clients.advance(actor)
            return
        if isinstance(actor, Errand):
            self._couriers.advance(actor)
            return
        actor.task.switch()
        if actor.task.dead:
            self._ended(actor)
        elif self.random.random() < KILL:
            actor.task.throw(GreenletExit)
            self._forget(actor)
        elif self.random.random() < ABANDON and actor is self._current:
            self._current = None
            self._zombies.append(actor)

    def _ended(self, invocation: Invocation) -> None:
        if invocation is self._current and invocation.is_done:
            self._committed = invocation.batch[-1].offset + 1
            if self.random.random() < LOSE_COMMIT:
                self._committed = max(0, self._committed - self.random.randint(1, 2 * LONGEST_BATCH))
        self._forget(invocation)
        self._idle.append(invocation.environment)

    def _forget(self, invocation: Invocation) -> None:
        if invocation is self._current:
            self._current = None
        else:
            self._zombies.remove(invocation)
