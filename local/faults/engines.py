"""Engines that are killed, hang, and come back."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from local.engines import Engine

from .ledger import Ledger
from .values import Kill, Pause, Restart, Resume

type Restore = Callable[[str], Awaitable[None]]
"""Told which engine answers again after a fresh start: what it does not keep is to be made again."""


class EngineFaults:
    """
    What happens to `engines` (by name), one thing at a time to each.

    All raise ProcessLookupError if the engine does not run, or is someone else's.
    """

    def __init__(self, engines: Mapping[str, Engine], ledger: Ledger, restore: Restore) -> None:
        self.engines = engines
        self._ledger = ledger
        self._restore = restore
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def kill(self, fault: Kill) -> None:
        async with self._locks[fault.target]:
            await self.engines[fault.target].kill()
            self._supersede(fault.target)
            again = partial(self._start, fault.target)
            self._ledger.add(fault, seconds=fault.seconds, end=again).hits = 1

    async def pause(self, fault: Pause) -> None:
        async with self._locks[fault.engine]:
            self.engines[fault.engine].pause()
            self._supersede(fault.engine)
            go_on = partial(self._resume, fault.engine)
            self._ledger.add(fault, seconds=fault.seconds, end=go_on).hits = 1

    async def resume(self, fault: Resume) -> None:
        async with self._locks[fault.engine]:
            self.engines[fault.engine].resume()
            self._supersede(fault.engine)

    async def restart(self, fault: Restart) -> None:
        """
        Raises:
            ProcessFailed: it does not come back.
        """
        engine = self.engines[fault.engine]
        if engine.external:
            raise ProcessLookupError(f"{engine.name} is not ours to restart")
        async with self._locks[fault.engine]:
            await engine.stop()
            await engine.start()
            self._supersede(fault.engine)
        await self._restore(fault.engine)

    def release(self) -> None:
        """Let all that hang go on, so that what waits for them can end."""
        for engine in self.engines.values():
            if engine.state == "paused":
                engine.resume()

    def status(self) -> dict[str, str]:
        return {name: engine.state for name, engine in self.engines.items()}

    async def _start(self, name: str) -> None:
        async with self._locks[name]:
            if self.engines[name].state != "down":
                return  # whoever started it did so on their own
            await self.engines[name].start()
        await self._restore(name)

    async def _resume(self, name: str) -> None:
        async with self._locks[name]:
            if self.engines[name].state == "paused":
                self.engines[name].resume()

    def _supersede(self, name: str) -> None:
        """Forget what was done to the engine before."""
        for entry in self._ledger:
            if isinstance(entry.fault, Kill | Pause) and name in {
                getattr(entry.fault, "target", None),
                getattr(entry.fault, "engine", None),
            }:
                self._ledger.drop(entry)
