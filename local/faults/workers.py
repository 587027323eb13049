"""Workers of functions that are killed, hang, or outlive their event."""

import asyncio
from functools import partial

from local.runtime.functions import Lambda
from local.runtime.pool import Pool
from local.runtime.worker import Worker

from .ledger import Ledger
from .values import Freeze, Kill, Thaw, Throttle


class WorkerFaults:
    """
    What happens to workers at once. Functions are known by their full names here.

    Killing and freezing raise ProcessLookupError if the function has no worker.
    """

    def __init__(self, functions: Lambda, ledger: Ledger) -> None:
        self._functions = functions
        self._ledger = ledger

    async def kill(self, fault: Kill) -> None:
        """Returns when the killed are gone, and their events have failed."""
        pool = self._functions.pool(fault.target)
        doomed = _first(pool, fault.workers)
        lives = [life for life, worker in pool.lives.items() if worker in doomed]
        for worker in doomed:
            worker.sandbox.kill()
        await asyncio.wait(lives)

    def freeze(self, fault: Freeze) -> None:
        chosen = _first(self._functions.pool(fault.function), fault.workers)
        for worker in chosen:
            worker.sandbox.freeze()
        self._ledger.add(fault, seconds=fault.seconds, end=partial(_thaw, chosen)).hits = len(chosen)

    def throttle(self, fault: Throttle) -> None:
        """A second one of the same function lasts as long as both."""
        pool = self._functions.pool(fault.function)
        pool.slots.closed += 1
        self._ledger.add(fault, seconds=fault.seconds, end=partial(_open, pool))

    async def thaw(self, fault: Thaw) -> None:
        """Ends the function's faults that freeze, and what else is frozen of it."""
        for entry, freeze in self._ledger.of(Freeze):
            if freeze.function == fault.function:
                await self._ledger.end(entry)
        await _thaw(self._functions.pool(fault.function).workers)


def _first(pool: Pool, number: int | None) -> list[Worker]:
    """`number` workers (None: all), those with an event first."""
    if not pool.workers:
        raise ProcessLookupError(f"{pool.function.name} has no worker now")
    return sorted(pool.workers, key=lambda worker: worker.state != "busy")[:number]


async def _open(pool: Pool) -> None:
    pool.slots.closed -= 1


async def _thaw(workers: list[Worker]) -> None:
    for worker in workers:
        if worker.sandbox.frozen:
            worker.thaw()
