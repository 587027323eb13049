"""Which faults are in force, and that each of them ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator

from .values import Active, Fault

LOG = logging.getLogger("local.faults")


async def _nothing() -> None:
    """The end of a fault that leaves nothing behind."""


class Entry:
    """A fault in force."""

    def __init__(self, fault: Fault, end: Callable[[], Awaitable[None]], ends_at: float | None) -> None:
        self.fault = fault
        self.end = end
        """Undoes it."""
        self.ends_at = ends_at
        """On the loop's clock."""
        self.hits = 0
        self.timer: asyncio.TimerHandle | None = None
        self.ending: asyncio.Task[None] | None = None
        self.over = asyncio.Event()


class Ledger:
    """All faults in force, the oldest first."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        """All, those included that are about to end."""
        return iter(self._entries.copy())

    def of[F](self, kind: type[F]) -> Iterator[tuple[Entry, F]]:
        """The faults of one kind that are in force and not about to end."""
        for entry in self:
            if isinstance(entry.fault, kind) and entry.ending is None:
                yield entry, entry.fault

    def add(
        self, fault: Fault, *, seconds: float | None = None, end: Callable[[], Awaitable[None]] = _nothing
    ) -> Entry:
        """Put `fault` in force; `end` undoes it, after `seconds` at the latest."""
        loop = asyncio.get_running_loop()
        entry = Entry(fault, end, None if seconds is None else loop.time() + seconds)
        if seconds is not None:
            entry.timer = loop.call_later(seconds, self.end, entry)
        self._entries.append(entry)
        LOG.warning("in force: %s", fault)
        return entry

    def strike(self, entry: Entry, *, at_most: int | None) -> None:
        """Count that `entry` strikes now; with the `at_most`-th time it is over."""
        entry.hits += 1
        if at_most is not None and entry.hits >= at_most:
            self.end(entry)

    def end(self, entry: Entry) -> asyncio.Task[None]:
        """Begin to end `entry`, unless that has begun; the task that does it."""
        if entry.timer is not None:
            entry.timer.cancel()
        if entry.ending is None:
            entry.ending = asyncio.get_running_loop().create_task(self._finish(entry))
            entry.ending.add_done_callback(_report)
        return entry.ending

    def drop(self, entry: Entry) -> None:
        """Forget `entry`: something else has undone it."""
        if entry.timer is not None:
            entry.timer.cancel()
        if entry.ending is not None:
            entry.ending.cancel()
        self._forget(entry)

    async def clear(self) -> None:
        """
        End all.

        Raises:
            ExceptionGroup: what could not be undone.
        """
        outcomes = await asyncio.gather(*(self.end(entry) for entry in self), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise ExceptionGroup("not all faults could be undone", failures)

    async def close(self) -> None:
        """Nothing ends by itself any more. What hangs or is frozen is for the caller to release."""
        endings = [entry.ending for entry in self._entries if entry.ending is not None]
        for entry in self._entries:
            if entry.timer is not None:
                entry.timer.cancel()
        for ending in endings:
            ending.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
        self._entries.clear()

    def active(self) -> list[Active]:
        now = asyncio.get_running_loop().time()
        return [
            Active(
                fault=entry.fault,
                hits=entry.hits,
                ends_in_s=None if entry.ends_at is None else round(max(0.0, entry.ends_at - now), 1),
            )
            for entry in self._entries
        ]

    async def _finish(self, entry: Entry) -> None:
        try:
            await entry.end()
        finally:
            self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        if entry in self._entries:
            self._entries.remove(entry)
            entry.over.set()
            LOG.warning("over: %s", entry.fault)


def _report(ending: asyncio.Task[None]) -> None:
    if not ending.cancelled() and (error := ending.exception()) is not None:
        LOG.error("a fault could not be undone: %s", error)
