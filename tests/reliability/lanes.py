"""The invocations that consume one partition of a log: killed at any access, left behind, given their batch again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from greenlet import GreenletExit, greenlet

from natter.domain.errors import Unavailable

KILL = 0.006
ABANDON = 0.008
LOSE_COMMIT = 0.06
LONGEST_BATCH = 8
ENVIRONMENTS = 3


@dataclass(eq=False)
class Invocation[R]:
    """A batch in the hands of one execution environment."""

    environment: Callable[[Sequence[R]], int]
    first: int
    batch: Sequence[R]
    done: int = 0
    """How many of its records are done with; the others are given back."""
    task: greenlet = field(init=False)

    def __post_init__(self) -> None:
        self.task = greenlet(self._run)

    def _run(self) -> None:
        try:
            self.done = self.environment(self.batch)
        except Unavailable:
            return


@dataclass(kw_only=True)
class Lane[R]:
    """One invocation at a time, in the order of the log, but for zombies: those whose batch was given to another."""

    since: Callable[[int], Sequence[R]]
    """The records from an offset on."""
    environment: Callable[[], Callable[[Sequence[R]], int]]
    """One that says how many of its records are done with."""
    random: Random
    abandon: float = ABANDON
    """How likely an invocation becomes a zombie at each access."""
    _idle: list[Callable[[Sequence[R]], int]] = field(default_factory=list)
    _committed: int = 0
    _current: Invocation[R] | None = None
    _zombies: list[Invocation[R]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._idle += [self.environment() for _ in range(ENVIRONMENTS)]

    @property
    def busy(self) -> list[Invocation[R]]:
        return [*self._zombies, *([] if self._current is None else [self._current])]

    def start(self) -> None:
        """Give the next batch, cut anyhow, to an execution environment, warm or new."""
        waiting = [] if self._current else self.since(self._committed)
        if waiting:
            batch = waiting[: self.random.randint(1, LONGEST_BATCH)]
            environment = self._idle.pop(self.random.randrange(len(self._idle))) if self._idle else self.environment()
            self._current = Invocation(environment, self._committed, batch)

    def advance(self, invocation: Invocation[R]) -> None:
        invocation.task.switch()
        if invocation.task.dead:
            self._ended(invocation)
        elif self.random.random() < KILL:
            invocation.task.throw(GreenletExit)
            self._forget(invocation)
        elif self.random.random() < self.abandon and invocation is self._current:
            self._current = None
            self._zombies.append(invocation)

    def is_quiet(self) -> bool:
        return not self.busy and not self.since(self._committed)

    def _ended(self, invocation: Invocation[R]) -> None:
        if invocation is self._current and invocation.done:
            self._committed = invocation.first + invocation.done
            if self.random.random() < LOSE_COMMIT:
                self._committed = max(0, self._committed - self.random.randint(1, 2 * LONGEST_BATCH))
        self._forget(invocation)
        self._idle.append(invocation.environment)

    def _forget(self, invocation: Invocation[R]) -> None:
        if invocation is self._current:
            self._current = None
        else:
            self._zombies.remove(invocation)
