"""`Lambda`: every function's pool of warm workers behind one `invoke`."""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from local.metrics import emf
from local.metrics.meter import Meter
from local.model import Function
from local.precedence import Step
from local.runtime.asynchronous import AsyncQueue, Destinations, PayloadTooLargeError, Waits
from local.runtime.debugging import Debugger
from local.runtime.logs import FunctionLog
from local.runtime.pool import Pool, StoppedError
from local.runtime.sandbox import Credentials, Site, no_one
from local.runtime.worker import Result

__all__ = ["Lambda", "PayloadTooLargeError", "StoppedError", "UnknownFunctionError", "error_of"]

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of an event whose sender waits."""


class UnknownFunctionError(LookupError):
    """No function has this name or ARN."""


class Lambda:
    """
    The functions of an app, run by `interpreter` (a virtual environment with `awslambdaric` and `boto3`).

    At most `max_environments` workers exist per function (more if it has more provisioned, exactly its reserved
    concurrency if it has one); events beyond wait. `extra_env` is set in every worker. `meter` gets what functions log
    in the embedded metric format, and the metrics of Lambda itself. `credentials` gives what a role signs with. With
    `debug`, the functions of these names, or all if there are none, run in one process that has this one's terminal,
    one event at a time and without time limits. Those in `steps` (ARNs) let others go first to
    the processors.
    """

    def __init__(
        self,
        functions: Sequence[Function],
        *,
        interpreter: Path,
        log_dir: Path,
        extra_env: Mapping[str, str],
        max_environments: int = 4,
        meter: Meter | None = None,
        waits: Waits | None = None,
        debug: Sequence[str] | None = None,
        credentials: Credentials | None = None,
        steps: Mapping[str, Step] | None = None,
    ) -> None:
        self._functions = functions
        self._interpreter = interpreter
        self._log_dir = log_dir
        self._extra_env = extra_env
        self._max_environments = max_environments
        self._pools: dict[str, Pool] = {}
        self._by_reference: dict[str, Pool] = {}
        self._meter = meter or Meter()
        self._queue = AsyncQueue(waits or Waits())
        self._debug = debug
        self._credentials = credentials or no_one
        self._steps = steps or {}
        self._debugger: Debugger | None = None
        self._scratch: Path | None = None

    async def start(self) -> None:
        """
        Start the provisioned workers and wait until each is initialised or has failed.

        Raises:
            UnknownFunctionError: a function that is to be debugged.
        """
        self._scratch = Path(tempfile.mkdtemp(prefix="lambda-"))
        site = Site(
            interpreter=self._interpreter,
            scratch=self._scratch,
            extra_env=self._extra_env,
            credentials=self._credentials,
            steps=self._steps,
        )
        starts = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        debugged = self._debugged()
        for function in self._functions:
            log = FunctionLog(self._log_dir, function.name, partial(emf.measure, meter=self._meter))
            debugger = self._debugger if function.name in debugged else None
            pool = Pool(function, site, log, starts, limit=self._max_environments, meter=self._meter, debugger=debugger)
            self._pools[function.name] = pool
            self._by_reference |= {function.name: pool, function.arn: pool}
        workers = [
            pool.start_worker(provisioned=True)
            for pool in self._pools.values()
            for _ in range(min(pool.function.provisioned_concurrency, pool.slots.limit))
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
        self._queue.stop()
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
        if self._debugger is not None:
            await self._debugger.stop()
        shutil.rmtree(scratch, ignore_errors=True)

    async def invoke(self, function: str, payload: bytes, *, deadline: float | None = None) -> Result:
        """
        Run the function (name or ARN, with or without qualifier) on `payload`, a JSON document.

        Raises:
            UnknownFunctionError: there is none.
            PayloadTooLargeError: the event exceeds 6 MB.
            ThrottledError: its reserved concurrency is in use.
            TimeoutError: `deadline` (on the loop's clock) has passed. What has reached a worker goes on.
            StoppedError: the local cloud is stopping.
        """
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(len(payload), MAX_PAYLOAD, "RequestResponse")
        pool = self.pool(function)
        call = pool.submit(payload)
        if deadline is None or pool.debugger is not None:
            return await call.done
        async with asyncio.timeout_at(deadline):
            return await call.done

    def send_records_to(self, destinations: Destinations) -> None:
        """Before `start`: who takes what is left of asynchronous events. Without, their destinations are in vain."""
        self._queue.destinations = destinations

    def invoke_async(self, function: str, payload: bytes) -> None:
        """
        Queue an event: tried up to three times, throttles aside; then its destination, if any, is told.

        Raises:
            UnknownFunctionError: there is no such function.
            PayloadTooLargeError: the event exceeds 1 MB.
        """
        self._queue.put(self.pool(function), payload)

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

    def find(self, name: str) -> Pool:
        """
        The function that a person means by `name`: its name or ARN, or how no other function's name ends (`-NAME`).

        Raises:
            UnknownFunctionError: none is called so, or several end so; the message names them.
        """
        with contextlib.suppress(UnknownFunctionError):
            return self.pool(name)
        return self._pools[meant(name, self._pools)]

    def current(self) -> list[Function]:
        """As they were defined last."""
        return [pool.function for pool in self._pools.values()]

    def redefine(self, functions: Sequence[Function]) -> None:
        """Other settings for functions of the same names: no event reaches a worker of the old ones any more."""
        for function in functions:
            self._pools[function.name].redefine(function)

    def _debugged(self) -> set[str]:
        if self._debug is None:
            return set()
        self._debugger = Debugger(self._interpreter)
        names = [function.name for function in self._functions]
        return {meant(name, names) for name in self._debug} or set(names)

    def status(self) -> dict[str, Any]:
        return {name: pool.status() for name, pool in self._pools.items()}


def meant(name: str, functions: Iterable[str]) -> str:
    """
    That of `functions` which is called `name`, or the only one that ends with `-name`.

    Raises:
        UnknownFunctionError: none does, or several; the message names them.
    """
    known = sorted(functions)
    found = [other for other in known if other == name] or [other for other in known if other.endswith(f"-{name}")]
    if len(found) == 1:
        return found[0]
    reason = f"may be {' or '.join(found)}" if found else f"there are {', '.join(known)}"
    raise UnknownFunctionError(f"no function is called {name}: {reason}")


def error_of(result: Result) -> str:
    """A line about a failed result: its type and message, without the stack."""
    try:
        error = json.loads(result.payload)
        return f"{error.get('errorType')}: {error.get('errorMessage')}"
    except (ValueError, AttributeError):
        return "unreadable error"
