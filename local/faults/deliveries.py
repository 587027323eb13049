"""What becomes of an event source's batches on their way to the function."""

import asyncio
import contextlib
from functools import partial

from local.runtime.functions import Lambda
from local.runtime.pool import Pool
from local.runtime.scheduling import ThrottledError
from local.runtime.worker import Call, Result, Worker

from .ledger import Entry, Ledger
from .values import Delay, Duplicate, Zombie


class Deliveries:
    """The functions as event sources see them: every batch goes through `invoke`, where faults may strike."""

    def __init__(self, functions: Lambda, ledger: Ledger) -> None:
        self._functions = functions
        self._ledger = ledger
        self._stranded: dict[Worker, Entry] = {}

    async def invoke(self, function: str, payload: bytes) -> Result:
        """
        Run the function (name or ARN) on a batch; the answer that counts.

        Raises:
            UnknownFunctionError: there is none.
            ThrottledError: its reserved concurrency is in use.
            StoppedError: the local cloud is stopping.
        """
        pool = self._functions.pool(function)
        if held := self._take(Delay, pool):
            await _hold(*held)
        if twice := self._take(Duplicate, pool):
            _, duplicate = twice
            return await self._invoke_twice(pool, payload, concurrently=duplicate.concurrently)
        return await self._submit(pool, payload).done

    def arm(self, fault: Zombie) -> None:
        """Put `fault` in force, which has the function's full name."""
        entry = self._ledger.add(fault)
        entry.end = partial(self._release, entry)

    def thaw(self, function: str) -> None:
        """Let the stranded workers of a function (full name) go on."""
        for worker, entry in list(self._stranded.items()):
            if worker.function.name == function:
                self._thaw(worker, entry)

    async def _invoke_twice(self, pool: Pool, payload: bytes, *, concurrently: bool) -> Result:
        if not concurrently:
            await self._submit(pool, payload).done
            return await self._submit(pool, payload).done
        await pool.warm(2)
        first = self._submit(pool, payload).done
        try:
            second = self._submit(pool, payload).done
        except ThrottledError:  # there is no room for two
            return await first
        return (await asyncio.gather(first, second))[1]

    def _take[F: (Delay, Duplicate)](self, kind: type[F], pool: Pool) -> tuple[Entry, F] | None:
        """The fault of this kind that strikes the next batch of the function."""
        for entry, fault in self._ledger.of(kind):
            if fault.function == pool.function.name:
                self._ledger.strike(entry, at_most=fault.batches)
                return entry, fault
        return None

    # zombies

    def _submit(self, pool: Pool, payload: bytes) -> Call:
        for entry, fault in self._ledger.of(Zombie):
            if fault.function == pool.function.name and entry.hits < fault.invocations:
                return pool.submit(payload, on_given=partial(self._given, pool, entry, fault))
        return pool.submit(payload)

    def _given(self, pool: Pool, entry: Entry, fault: Zombie, call: Call, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(fault.after_ms / 1000, self._strand, pool, entry, fault, call, worker)

    def _strand(self, pool: Pool, entry: Entry, fault: Zombie, call: Call, worker: Worker) -> None:
        """Freeze `worker`, unless it was quicker, or enough others were caught meanwhile."""
        over = entry.ending is not None or entry.hits >= fault.invocations
        if over or call.done.done() or not worker.runs(call):
            return
        entry.hits += 1
        self._stranded[worker] = entry
        pool.strand(worker, call)
        if fault.seconds is not None:
            asyncio.get_running_loop().call_later(fault.seconds, self._thaw, worker, entry)

    def _thaw(self, worker: Worker, entry: Entry) -> None:
        if self._stranded.get(worker) is not entry:
            return
        del self._stranded[worker]
        worker.thaw()
        assert isinstance(entry.fault, Zombie)
        if entry.hits >= entry.fault.invocations and entry not in self._stranded.values():
            self._ledger.end(entry)

    async def _release(self, entry: Entry) -> None:
        for worker, cause in list(self._stranded.items()):
            if cause is entry:
                self._thaw(worker, entry)


async def _hold(entry: Entry, delay: Delay) -> None:
    """So long as it says; what is held for as long as the fault is in force goes on when it is over."""
    if delay.batches is not None:
        await asyncio.sleep(delay.ms / 1000)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(delay.ms / 1000):
            await entry.over.wait()
