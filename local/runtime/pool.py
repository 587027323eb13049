"""One function's warm workers, and which of them gets which event."""

import asyncio
import statistics
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from local.metrics import counters
from local.metrics.meter import Meter
from local.model import Function
from local.runtime.debugging import Debugger, DebugSandbox
from local.runtime.logs import FunctionLog
from local.runtime.sandbox import Sandbox, Site
from local.runtime.scheduling import Slots, ThrottledError
from local.runtime.worker import Call, Worker

INIT_TIMEOUT_S = 60.0
"""How long a worker may take to its first request. (AWS: 10 s, then again within the invocation.)"""
PATIENCE_S = 0.02
"""How long an event waits for a busy worker before another one is started for it."""
IDLE_S = 60.0
"""How long a worker is kept that is one of several and has nothing to do. (AWS does not say; minutes.)"""


class StoppedError(Exception):
    """The local cloud is stopping: the event may or may not have been handled."""


class Pool:
    """One function's workers."""

    def __init__(
        self,
        function: Function,
        site: Site,
        log: FunctionLog,
        starts: asyncio.Semaphore,
        *,
        limit: int,
        meter: Meter,
        debugger: Debugger | None = None,
    ) -> None:
        reserved = function.reserved_concurrency if debugger is None else None
        limit = max(limit, function.provisioned_concurrency) if reserved is None else reserved
        if debugger is not None:
            limit = 1
        self.function = function
        self.slots: Slots[Worker, Call] = Slots(function.name, limit, reserved=reserved is not None)
        self.lives: dict[asyncio.Task[None], Worker] = {}
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.durations_ms: deque[float] = deque(maxlen=1000)
        self.metrics = counters.of_function(meter, function.name)
        self.debugger = debugger
        self._site = site
        self._log = log
        self._starts = starts
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._shedding: asyncio.TimerHandle | None = None

    def submit(
        self,
        payload: bytes,
        *,
        request_id: str | None = None,
        on_given: Callable[[Call, Worker], None] | None = None,
    ) -> Call:
        """
        Queue an event, by default one with an id of its own; `on_given` is called when a worker has been handed it.

        Raises:
            ThrottledError: the function's reserved concurrency is in use.
            StoppedError: the local cloud is stopping.
        """
        if self._stopping:
            raise StoppedError(self.function.name)
        call = Call(payload, self._loop.create_future())
        if request_id is not None:
            call.request_id = request_id
        if on_given is not None:
            call.on_given = partial(on_given, call)
        try:
            worker = self.slots.place(call)
        except ThrottledError:
            self.throttles += 1
            self.metrics.add("Throttles", 1)
            raise
        call.done.add_done_callback(lambda _: self.slots.done())
        if worker is not None:
            self._run(worker, call)
        elif self.slots.busy:
            self._loop.call_later(PATIENCE_S, self._grow)
        else:
            self._grow()
        return call

    @property
    def workers(self) -> list[Worker]:
        """Those whose process runs, the oldest first."""
        return [worker for worker in self.lives.values() if worker.sandbox.pid is not None]

    def start_worker(self, *, provisioned: bool = False) -> Worker:
        worker = Worker(
            self.function,
            self._sandbox(),
            self._log,
            provisioned=provisioned,
            on_next=self._next,
            on_done=self._count,
        )
        self.slots.started()
        self.cold_starts += 1
        life = self._loop.create_task(self._live(worker), name=f"worker of {self.function.name}")
        self.lives[life] = worker
        return worker

    def _sandbox(self) -> Sandbox:
        if self.debugger is None:
            return Sandbox(self.function, self._site, self._log)
        return DebugSandbox(self.function, self._site, self._log, self.debugger)

    async def warm(self, number: int) -> None:
        """Start workers until `number` are idle, as far as the function's limit allows."""
        missing = min(number - len(self.slots.idle), self.slots.limit - self.slots.size)
        starting = [self.start_worker().initialised for _ in range(missing)]
        if starting:
            await asyncio.wait(starting)

    def redefine(self, function: Function) -> None:
        """Workers with the old settings end at once, or with the event that they have."""
        self.function = function
        for worker in self.slots.empty():
            self._end(worker)

    def strand(self, worker: Worker, call: Call) -> None:
        """Freeze `worker` in the midst of `call`, as if it had timed out; another one may take its place."""
        worker.strand(call)
        self.slots.stranded()
        self._grow()

    async def stop(self) -> None:
        self._stopping = True
        while self.slots.waiting:
            call = self.slots.waiting.popleft()
            if not call.done.done():
                call.done.set_exception(StoppedError(self.function.name))
        await asyncio.gather(*(worker.sandbox.stop() for worker in self.lives.values()))
        await asyncio.gather(*self.lives)
        self._log.close()

    async def _live(self, worker: Worker) -> None:
        """A worker from its launch to its end."""
        status: int | None = None
        launched = False
        try:
            async with self._starts:
                if not self._stopping:
                    await worker.launch()
                    launched = True
                    if self._stopping:  # meanwhile, when there was no process yet to be stopped
                        worker.sandbox.kill()
                    exited = asyncio.ensure_future(worker.exited())
                    first: set[asyncio.Future[Any]] = {exited, worker.initialised}
                    timeout = None if worker.sandbox.patient else INIT_TIMEOUT_S
                    await asyncio.wait(first, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                    if not worker.initialised.done():
                        worker.sandbox.kill()
            if launched:
                status = await exited
        except OSError as error:
            self._log.write(f"no worker: {error}\n".encode())
        finally:
            self.lives = {life: other for life, other in self.lives.items() if other is not worker}
            self._gone(worker, status)

    def _next(self, worker: Worker) -> None:
        if worker.function is not self.function:
            worker.sandbox.kill()
            return
        was = worker.state
        while (call := self.slots.ready(worker, was=was)) is not None:
            if not call.done.done():
                self._run(worker, call)
                return
            was = "busy"  # whoever sent it has given up: take the one behind it
        worker.idle()
        self._shed_later()

    def _shed_later(self) -> None:
        """When the one that has had nothing to do for longest has had it for long: the others come later."""
        if self._shedding is None and (spare := self.slots.spare(self._kept)):
            self._shedding = self._loop.call_at(spare[0].idle_since + IDLE_S, self._shed)

    def _shed(self) -> None:
        """End workers that have had nothing to do for long: they hold memory that a burst of events has cost."""
        self._shedding = None
        if self._stopping:
            return
        long_ago = self._loop.time() - IDLE_S
        for worker in self.slots.spare(self._kept):
            if worker.idle_since <= long_ago:
                self.slots.idle.remove(worker)
                self._end(worker)
        self._shed_later()

    @property
    def _kept(self) -> int:
        return max(1, self.function.provisioned_concurrency)

    @staticmethod
    def _end(worker: Worker) -> None:
        """One that is not idle any more."""
        worker.state = "stranded"
        worker.sandbox.kill()

    def _run(self, worker: Worker, call: Call) -> None:
        worker.state = "busy"
        self.invocations += 1
        self.metrics.add("Invocations", 1)
        self.metrics.add("ConcurrentExecutions", self.slots.executing)
        worker.give(call)

    def _gone(self, worker: Worker, status: int | None) -> None:
        self.slots.gone(worker, was=worker.state)
        if worker.initialised.done():
            self._grow()
            return
        worker.initialised.cancel()
        self.errors += 1
        self.metrics.add("Errors", 1)
        reason = f"exit status {status}" if status is not None else "it could not be started"
        self._log.write(f"INIT_REPORT Status: error\tError Type: Runtime.ExitError\t{reason}\n".encode())
        while self.slots.waiting:
            call = self.slots.waiting.popleft()
            if call.done.done():
                continue
            if worker.init_error is not None:
                call.finish(worker.init_error, "Unhandled")
            else:
                call.fail("Runtime.ExitError", f"Runtime exited during init: {reason}")
            break
        self._grow()

    def _grow(self) -> None:
        if not self._stopping:
            for _ in range(self.slots.missing()):
                self.start_worker()

    def _count(self, duration_ms: float, failed: bool) -> None:
        self.durations_ms.append(duration_ms)
        self.errors += failed
        self.metrics.add("Duration", duration_ms, "Milliseconds")
        self.metrics.add("Errors", int(failed))

    def note(self, text: str) -> None:
        """Write a line of the platform's own into the function's log."""
        self._log.write(f"{text}\n".encode())

    def status(self) -> dict[str, Any]:
        return {
            "warm": len(self.slots.idle) + self.slots.busy,
            "busy": self.slots.executing,
            "starting": self.slots.starting,
            "frozen": sum(worker.sandbox.frozen for worker in self.workers),
            "waiting": len(self.slots.waiting),
            "limit": self.slots.limit,
            "invocations": self.invocations,
            "errors": self.errors,
            "throttles": self.throttles,
            "cold_starts": self.cold_starts,
            "duration_p50_ms": round(statistics.median(self.durations_ms), 3) if self.durations_ms else None,
            "pids": [worker.sandbox.pid for worker in self.workers],
        }
