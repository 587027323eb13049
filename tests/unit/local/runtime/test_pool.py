import asyncio
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.metrics.meter import Meter
from local.model import Function
from local.runtime import pool
from local.runtime.logs import FunctionLog
from local.runtime.pool import IDLE_S, Pool
from local.runtime.sandbox import Site


class Impatient(asyncio.SelectorEventLoop):
    """A loop whose clock goes on by as much as it would have waited: nothing takes time."""

    def __init__(self) -> None:
        self._now = 0.0
        chosen = selectors.SelectSelector()
        select = chosen.select

        def at_once(timeout: float | None = None) -> Any:
            self._now += timeout or 0.0
            return select(0)

        chosen.select = at_once  # type: ignore[method-assign]
        super().__init__(chosen)

    def time(self) -> float:
        return self._now


class Idler:
    """A worker without a process, which ends an event when it is told to."""

    patient = False

    def __init__(self, *given: Any, on_next: Callable[["Idler"], None], **_: Any) -> None:
        loop = asyncio.get_running_loop()
        self.function, self.sandbox = given[0], self
        self.state, self.idle_since = "starting", 0.0
        self.initialised: asyncio.Future[None] = loop.create_future()
        self.events = 0
        self._killed: asyncio.Future[int] = loop.create_future()
        self._next = on_next

    async def launch(self) -> None:
        self.initialised.set_result(None)
        self._next(self)

    async def exited(self) -> int:
        return await self._killed

    async def stop(self) -> None:
        self.kill()

    def kill(self) -> None:
        if not self._killed.done():
            self._killed.set_result(-9)

    def give(self, _call: object) -> None:
        self.events += 1

    def idle(self) -> None:
        self.state, self.idle_since = "idle", asyncio.get_running_loop().time()

    def finish(self) -> None:
        self._next(self)


def a_function() -> Function:
    return Function(logical_id="f", name="f", arn="arn:aws:lambda:eu-central-1:0:function:f", handler="h", code=Path())


class TestPool:
    def test_those_without_an_event_end_after_a_minute_whoever_had_one_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whose minute had begun later was looked at a whole minute after the first: two minutes it was then."""
        monkeypatch.setattr(pool, "Worker", Idler)

        async def run() -> list[int]:
            log = FunctionLog(tmp_path, "f", lambda _: None)
            site = Site(interpreter=Path(), scratch=tmp_path, extra_env={})
            ours = Pool(a_function(), site, log, asyncio.Semaphore(3), limit=3, meter=Meter())
            for number in (3, 2):  # three are busy, and half a minute later two
                for _ in range(number):
                    ours.submit(b"{}")
                await asyncio.sleep(IDLE_S / 4)
                for worker in list(ours.lives.values()):
                    if worker.state == "busy":
                        worker.finish()  # type: ignore[attr-defined]
                await asyncio.sleep(IDLE_S / 4)
            left = [len(ours.lives)]  # one is idle since a quarter of IDLE_S, two since three quarters
            for _ in range(2):
                await asyncio.sleep(IDLE_S / 2)
                left.append(len(ours.lives))
            await ours.stop()
            return left

        with asyncio.Runner(loop_factory=Impatient) as runner:
            assert runner.run(run()) == [3, 2, 1]
