"""`Lambda`: every function's pool of warm workers behind one `invoke`."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.model import Function
from local.runtime.logs import FunctionLog
from local.runtime.scheduling import Slots, ThrottledError
from local.runtime.worker import Call, Result, Site, Worker

INIT_TIMEOUT_S = 60.0
"""How long a worker may take to its first request. (AWS: 10 s, then again within the invocation.)"""
PATIENCE_S = 0.02
"""How long an event waits for a busy worker before another one is started for it."""
ASYNC_RETRIES_S = (60.0, 120.0)
"""Waits before the second and third attempt of an asynchronous invocation that failed."""
ASYNC_THROTTLE_S = (1.0, 300.0)
ASYNC_MAX_AGE_S = 6 * 3600.0


class UnknownFunctionError(LookupError):
    """No function has this name or ARN."""


class StoppedError(Exception):
    """The local cloud is stopping: the event may or may not have been handled."""


class Pool:
    """One function's workers."""

    def __init__(self, function: Function, site: Site, log: FunctionLog, starts: asyncio.Semaphore, limit: int) -> None:
        reserved = function.reserved_concurrency
        limit = max(limit, function.provisioned_concurrency) if reserved is None else reserved
        self.function = function
        self.slots: Slots[Worker, Call] = Slots(function.name, limit, reserved=reserved is not None)
        self.lives: dict[asyncio.Task[None], Worker] = {}
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.durations_ms: deque[float] = deque(maxlen=1000)
        self._site = site
        self._log = log
        self._starts = starts
        self._loop = asyncio.get_running_loop()
        self._stopping = False

    def submit(self, payload: bytes) -> Call:
        if self._stopping:
            raise StoppedError(self.function.name)
        call = Call(payload, self._loop.create_future())
        try:
            worker = self.slots.place(call)
        except ThrottledError:
            self.throttles += 1
            raise
        call.done.add_done_callback(lambda _: self.slots.done())
        if worker is not None:
            self._run(worker, call)
        elif self.slots.busy:
            self._loop.call_later(PATIENCE_S, self._grow)
        else:
            self._grow()
        return call

    def start_worker(self, *, provisioned: bool = False) -> Worker:
        worker = Worker(
            self.function,
            self._site,
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

    async def stop(self) -> None:
        self._stopping = True
        while self.slots.waiting:
            call = self.slots.waiting.popleft()
            if not call.done.done():
                call.done.set_exception(StoppedError(self.function.name))
        await asyncio.gather(*(worker.stop() for worker in self.lives.values()))
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
                    exited = asyncio.ensure_future(worker.exited())
                    first: set[asyncio.Future[Any]] = {exited, worker.initialised}
                    await asyncio.wait(first, timeout=INIT_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
                    if not worker.initialised.done():
                        worker.kill()
            if launched:
                status = await exited
        except OSError as error:
            self._log.write(f"no worker: {error}\n".encode())
        finally:
            self.lives = {life: other for life, other in self.lives.items() if other is not worker}
            self._gone(worker, status)

    def _next(self, worker: Worker) -> None:
        was = worker.state
        while (call := self.slots.ready(worker, was=was)) is not None:
            if not call.done.done():
                self._run(worker, call)
                return
            was = "busy"  # whoever sent it has given up: take the one behind it
        worker.state = "idle"

    def _run(self, worker: Worker, call: Call) -> None:
        worker.state = "busy"
        self.invocations += 1
        worker.give(call)

    def _gone(self, worker: Worker, status: int | None) -> None:
        self.slots.gone(worker, was=worker.state)
        if worker.initialised.done():
            self._grow()
            return
        worker.initialised.cancel()
        self.errors += 1
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

    def status(self) -> dict[str, Any]:
        return {
            "warm": len(self.slots.idle) + self.slots.busy,
            "busy": self.slots.executing,
            "starting": self.slots.starting,
            "waiting": len(self.slots.waiting),
            "limit": self.slots.limit,
            "invocations": self.invocations,
            "errors": self.errors,
            "throttles": self.throttles,
            "cold_starts": self.cold_starts,
            "duration_p50_ms": round(statistics.median(self.durations_ms), 3) if self.durations_ms else None,
            "pids": [worker.pid for worker in self.lives.values() if worker.pid is not None],
        }


class Lambda:
    """
    The functions of an app, run by `interpreter` (a virtual environment with `awslambdaric` and `boto3`).

    At most `max_environments` workers exist per function (more if it has more provisioned, exactly its reserved
    concurrency if it has one); events beyond wait. `extra_env` is set in every worker.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        interpreter: Path,
        log_dir: Path,
        extra_env: Mapping[str, str],
        max_environments: int = 4,
    ) -> None:
        self._functions = functions
        self._interpreter = interpreter
        self._log_dir = log_dir
        self._extra_env = extra_env
        self._max_environments = max_environments
        self._pools: dict[str, Pool] = {}
        self._by_reference: dict[str, Pool] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._scratch: Path | None = None

    async def start(self) -> None:
        """Start the provisioned workers and wait until each is initialised or has failed."""
        self._scratch = Path(tempfile.mkdtemp(prefix="lambda-"))
        site = Site(interpreter=self._interpreter, scratch=self._scratch, extra_env=self._extra_env)
        starts = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        for function in self._functions:
            log = FunctionLog(self._log_dir, function.name)
            pool = Pool(function, site, log, starts, self._max_environments)
            self._pools[function.name] = pool
            self._by_reference |= {function.name: pool, function.arn: pool}
        workers = [
            pool.start_worker(provisioned=True)
            for pool in self._pools.values()
            for _ in range(pool.function.provisioned_concurrency)
        ]
        if workers:
            await asyncio.wait([worker.initialised for worker in workers])

    async def stop(self) -> None:
        """
        End all workers; harmless if none runs.

        Events under way end with `StoppedError` or an error of their function.
        """
        scratch, self._scratch = self._scratch, None
        if scratch is None:
            return
        for task in self._background:
            task.cancel()
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
        shutil.rmtree(scratch, ignore_errors=True)

    async def invoke(self, function: str, payload: bytes, *, deadline: float | None = None) -> Result:
        """
        Run the function (name or ARN, with or without qualifier) on `payload`, a JSON document.

        Raises:
            UnknownFunctionError: there is none.
            ThrottledError: its reserved concurrency is in use.
            TimeoutError: `deadline` (on the loop's clock) has passed. What has reached a worker goes on.
            StoppedError: the local cloud is stopping.
        """
        call = self.pool(function).submit(payload)
        if deadline is None:
            return await call.done
        async with asyncio.timeout_at(deadline):
            return await call.done

    def invoke_async(self, function: str, payload: bytes) -> None:
        """
        Queue an event: tried up to three times, throttles aside.

        Raises:
            UnknownFunctionError: there is no such function.
        """
        pool = self.pool(function)
        task = asyncio.get_running_loop().create_task(self._attempt(pool, payload))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def pool(self, function: str) -> Pool:
        pool = self._by_reference.get(function)
        if pool is None:
            parts = function.split(":")
            name = parts[6] if function.startswith("arn:") and len(parts) > 6 else parts[0]  # noqa: PLR2004
            pool = self._pools.get(name)
            if pool is None:
                raise UnknownFunctionError(function)
            self._by_reference[function] = pool
        return pool

    def status(self) -> dict[str, Any]:
        return {name: pool.status() for name, pool in self._pools.items()}

    async def _attempt(self, pool: Pool, payload: bytes) -> None:
        loop = asyncio.get_running_loop()
        expires = loop.time() + ASYNC_MAX_AGE_S
        waits = iter(ASYNC_RETRIES_S)
        throttled_s, longest_s = ASYNC_THROTTLE_S
        with contextlib.suppress(StoppedError):
            while loop.time() < expires:
                try:
                    result = await pool.submit(payload).done
                except ThrottledError:
                    await asyncio.sleep(throttled_s * random.uniform(0.5, 1))  # noqa: S311
                    throttled_s = min(2 * throttled_s, longest_s)
                    continue
                wait_s = next(waits, None) if result.error else None
                if wait_s is None:
                    return
                await asyncio.sleep(wait_s)


def error_of(result: Result) -> str:
    """A line about a failed result: its type and message, without the stack."""
    try:
        error = json.loads(result.payload)
        return f"{error.get('errorType')}: {error.get('errorMessage')}"
    except (ValueError, AttributeError):
        return "unreadable error"
