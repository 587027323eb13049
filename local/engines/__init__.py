"""
The engines behind the local cloud, on loopback: Kafka, Cassandra, Valkey, PostgreSQL and LocalStack, real ones, and a
push service of browsers.

    engines = Engines(root, Progress())
    endpoints = await engines.start()
    ...
    await engines.stop()
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.engines.engine import Ended, Engine, EngineUnavailable, Site
from local.engines.ports import Ports
from local.process import AlreadyClaimed, Claim, ProcessFailed
from local.progress import Progress

__all__ = ["AlreadyClaimed", "Ended", "Endpoints", "Engine", "EngineUnavailable", "Engines", "Ports", "ProcessFailed"]


@dataclass(frozen=True)
class Endpoints:
    """Where the engines answer: `host:port` each, LocalStack its URL."""

    kafka: str
    cassandra: str
    valkey: str
    postgres: str
    localstack: str
    webpush: str


class Engines:
    """
    All engines of one project folder; data, logs, pid files and remembered ports are in `root/.local`.

    One process at a time may run them. If it dies without `stop`, however, its engines die with it.
    """

    def __init__(self, root: Path, progress: Progress) -> None:
        # Not above: with what they talk to them, they take 20 MB of whoever only wants to name an `Engine`.
        from local.engines.cassandra import Cassandra  # noqa: PLC0415
        from local.engines.kafka import Kafka  # noqa: PLC0415
        from local.engines.localstack import LocalStack  # noqa: PLC0415
        from local.engines.postgres import Postgres  # noqa: PLC0415
        from local.engines.valkey import Valkey  # noqa: PLC0415
        from local.engines.web_push import WebPush  # noqa: PLC0415

        state = root.absolute() / ".local"
        self.site = Site(state, Ports(state / "ports.json"), progress)
        self.kafka = Kafka(self.site)
        self.cassandra = Cassandra(self.site)
        self.valkey = Valkey(self.site)
        self.postgres = Postgres(self.site)
        self.localstack = LocalStack(self.site)
        self.webpush = WebPush(self.site)
        stores: list[Engine] = [self.kafka, self.cassandra, self.valkey, self.postgres]
        self._by_name = {engine.name: engine for engine in [*stores, self.localstack, self.webpush]}
        self._claim = Claim(self.site.run)

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Engine:
        return self._by_name[name]

    async def start(self, *names: str) -> Endpoints:
        """
        Start the named engines, or all, at the same time.

        Raises:
            AlreadyClaimed: another process runs this folder's engines.
            ProcessFailed, EngineUnavailable, JarUnavailable: one could not start; all have been stopped again.
        """
        await asyncio.to_thread(self._claim.acquire)
        try:
            async with asyncio.TaskGroup() as starting:
                for name in names or self._by_name:
                    starting.create_task(self[name].start())
        except BaseException as failure:
            await self.stop()
            if isinstance(failure, BaseExceptionGroup):
                raise failure.exceptions[0] from None
            raise
        return self.endpoints()

    def endpoints(self) -> Endpoints:
        return Endpoints(**{name: engine.address for name, engine in self._by_name.items()})

    async def ended(self) -> Ended:
        """
        The next of them that ends though nobody asked it to; each is told once, also if it ended before this call.

        One that does not get ready fails `start` instead.
        """
        return await self.site.ends.get()

    async def stop(self) -> None:
        """End all that run, and give up the folder. Harmless if none runs."""
        try:
            await asyncio.gather(*(engine.stop() for engine in self._by_name.values()))
        finally:
            await asyncio.to_thread(self._claim.release)
