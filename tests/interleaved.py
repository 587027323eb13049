"""Invocations that are interleaved at every access of a port, and may crash there."""

from collections.abc import Callable
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from natter.domain.errors import Unavailable


class Stepped:
    """Yields to the scheduler before every access of a port."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            parent = getcurrent().parent
            if parent is not None:
                parent.switch()
            return method(*arguments, **named)

        return call


class Crashed(BaseException):
    """The process is gone: nothing catches it."""


class Invocations:
    """Those under way. Who finds something unavailable does all of it again."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._running: dict[greenlet, float] = {}

    def begin(self, work: Callable[[], None], *, crash: float = 0.0, crashed: Callable[[], None] | None = None) -> None:
        """
        Begin `work`, which crashes at a share of `crash` of its accesses; then comes `crashed`, or the same again: its
        batch is given to another.
        """

        def run() -> None:
            while True:
                try:
                    return work()
                except Unavailable:
                    continue
                except Crashed:
                    return crashed() if crashed else self.begin(work, crash=crash)

        self._running[greenlet(run)] = crash

    def advance(self, on_step: Callable[[], None] = lambda: None) -> None:
        """One of them, by some accesses: now and then so many that it overtakes the others."""
        if not self._running:
            return
        invocation = self.random.choice(list(self._running))
        for _ in range(self.random.choice([1, 1, 2, 10])):
            if invocation and self.random.random() < self._running[invocation]:
                invocation.throw(Crashed)
            else:
                invocation.switch()
            on_step()
            if invocation.dead:
                del self._running[invocation]
                return

    def __bool__(self) -> bool:
        return bool(self._running)
