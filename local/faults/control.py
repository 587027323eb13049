"""The faults of one local cloud: what they act on, and the endpoint that causes them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from local.doors import Door
from local.engines import Engine
from local.runtime.functions import Lambda, UnknownFunctionError
from local.runtime.http1 import Exchange

from .calls import CallFaults
from .deliveries import Deliveries
from .engines import EngineFaults, Restore
from .ledger import Ledger
from .posts import PostFaults
from .values import (
    Connections,
    Cut,
    Delay,
    Duplicate,
    Fault,
    Freeze,
    HangUp,
    Kill,
    Pause,
    Restart,
    Resume,
    Service,
    Thaw,
    Throttle,
    Zombie,
    active_faults,
    one_fault,
)
from .workers import WorkerFaults

_JSON = (b"content-type", b"application/json")


class UnknownEngineError(LookupError):
    """No engine has this name."""


class Control:
    """
    Serves `PATH`: POST causes the fault of the body, GET lists those in force, DELETE ends all.

    Refusals are texts: 400 a fault that makes no sense, 404 an unknown engine or function, 409 one in no state for
    it, 500 an engine that does not start.
    """

    def __init__(
        self,
        functions: Lambda,
        engines: Mapping[str, Engine],
        restore: Restore,
        doors: Mapping[str, Door],
        *,
        hang_up: Callable[[HangUp], None] | None = None,
    ) -> None:
        """`hang_up`: on clients, if there are any."""
        self._functions = functions
        self._hang_up = hang_up
        self._doors = doors
        self._ledger = Ledger()
        self._engines = EngineFaults(engines, self._ledger, restore)
        self._workers = WorkerFaults(functions, self._ledger)
        self.deliveries = Deliveries(functions, self._ledger)
        self.posts = PostFaults(self._ledger)
        self.calls = CallFaults(self._ledger)
        self._tasks: set[asyncio.Task[None]] = set()

    async def apply(self, fault: Fault) -> None:
        """
        Cause `fault`.

        Raises:
            ValueError: it makes no sense for its target.
            UnknownEngineError, UnknownFunctionError: there is no such target.
            ProcessLookupError: the engine is not in a state for it, or the function has no worker.
            ProcessFailed, EngineUnavailable: the engine does not start again.
        """
        match fault:
            case Kill(target=target) if target in self._engines.engines:
                _refuse_option(fault, "workers")
                await self._engines.kill(fault)
            case Kill(target=target):
                _refuse_option(fault, "seconds")
                await self._workers.kill(replace(fault, target=self._name(target)))
            case Pause() | Resume() | Restart():
                await self._apply_to_engine(fault)
            case Cut():
                await self._cut(fault.engine)
            case HangUp():
                if self._hang_up is not None:
                    self._hang_up(fault)
            case Freeze() | Thaw() | Zombie() | Throttle() | Duplicate() | Delay():
                await self._apply_to_function(replace(fault, function=self._name(fault.function)))
            case Connections():
                self.posts.arm(fault)
            case Service():
                self.calls.arm(fault)

    async def clear(self) -> None:
        """
        End all faults.

        Raises:
            ExceptionGroup: what could not be undone.
        """
        await self._ledger.clear()

    async def close(self) -> None:
        """Nothing is caused or ended any more, and engines that hang go on, so that all can stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._ledger.close()
        self._engines.release()

    def status(self) -> dict[str, Any]:
        """A JSON-serialisable snapshot."""
        return {
            "engines": self._engines.status(),
            "faults": active_faults().dump_python(self._ledger.active(), mode="json"),
        }

    def answer(self, exchange: Exchange) -> None:
        """Answer a request to `PATH`."""
        if exchange.method == "GET":
            exchange.respond(200, active_faults().dump_json(self._ledger.active()), (_JSON,))
        elif exchange.method == "DELETE":
            self._spawn(self._respond(exchange, self.clear))
        elif exchange.method == "POST":
            try:
                fault = one_fault().validate_json(exchange.body)
            except ValidationError as error:
                exchange.respond(400, _explain(error).encode())
                return
            self._spawn(self._respond(exchange, partial(self.apply, fault)))
        else:
            exchange.respond(405)

    async def _respond(self, exchange: Exchange, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (UnknownEngineError, UnknownFunctionError) as error:
            exchange.respond(404, str(error).encode())
        except ProcessLookupError as error:
            exchange.respond(409, str(error).encode())
        except ValueError as error:
            exchange.respond(400, str(error).encode())
        except ExceptionGroup as group:
            exchange.respond(500, "\n".join(str(error) for error in group.exceptions).encode())
        except Exception as error:  # noqa: BLE001 - an engine that does not come back: who asked is told
            exchange.respond(500, f"{type(error).__name__}: {error}".encode())
        else:
            exchange.respond(200)

    async def _apply_to_engine(self, fault: Pause | Resume | Restart) -> None:
        if fault.engine not in self._engines.engines:
            known = ", ".join(sorted(self._engines.engines)) or "none"
            raise UnknownEngineError(f"no engine is called {fault.engine}: there are {known}")
        match fault:
            case Pause():
                await self._engines.pause(fault)
            case Resume():
                await self._engines.resume(fault)
            case Restart():
                await self._engines.restart(fault)

    async def _cut(self, engine: str) -> None:
        if engine not in self._doors:
            known = ", ".join(sorted(self._doors)) or "none"
            raise UnknownEngineError(f"no door leads to {engine}: there are {known}")
        await self._doors[engine].cut()

    async def _apply_to_function(self, fault: Freeze | Thaw | Zombie | Throttle | Duplicate | Delay) -> None:
        match fault:
            case Freeze():
                self._workers.freeze(fault)
            case Thaw():
                self.deliveries.thaw(fault.function)
                await self._workers.thaw(fault)
            case Zombie():
                self.deliveries.arm(fault)
            case Throttle():
                self._workers.throttle(fault)
            case Duplicate() | Delay():
                self._ledger.add(fault, seconds=fault.seconds)

    def _name(self, function: str) -> str:
        return self._functions.find(function).function.name

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refuse_option(fault: Kill, name: str) -> None:
    if getattr(fault, name) is not None:
        raise ValueError(f"{name} makes no sense for {fault.target}")


def _explain(error: ValidationError) -> str:
    """Which fields are wrong, and how."""
    return "; ".join(f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}" for each in error.errors())
