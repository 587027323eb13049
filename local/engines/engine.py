"""What every engine is: an address, started by us or pointed at by a variable."""

import asyncio
import contextlib
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from local.engines.ports import Ports
from local.process import Command, Process, poll
from local.progress import Progress

ANSWER_S = 10.0
"""How long an engine that someone else runs may take to answer."""


class EngineUnavailable(Exception):
    """An engine that someone else runs does not answer, or one of ours lacks what it needs to run."""


@dataclass(frozen=True)
class Ended:
    """An engine has ended, with this exit code (-N: by signal N), though nobody here asked it to."""

    name: str
    code: int
    log: Path

    def __str__(self) -> str:
        return f"{self.name} has ended by itself, with code {self.code}; its log is {self.log}"


@dataclass(frozen=True)
class Site:
    """Where the engines live: `state` (`.local`) holds data, logs and pid files."""

    state: Path
    ports: Ports
    progress: Progress
    ends: asyncio.Queue[Ended] = field(default_factory=asyncio.Queue)
    """Of engines that had been ready."""

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def logs(self) -> Path:
        return self.state / "log"


class Engine(ABC):
    """
    One engine. After `stop` or `kill` it can be started again, with its data and on the same port.

    An engine that the variable points at is never started, stopped, killed or paused by us.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    """Set to an existing engine's address, it is used instead of one of our own."""
    start_s: ClassVar[float] = 180.0
    """Ten times what the slowest takes on a laptop: Cassandra's second one, beside a busy first, has taken 60 s."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.external = os.environ.get(self.variable)
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def home(self) -> Path:
        """The engine's own folder."""
        return self.site.state / self.name

    @property
    def port(self) -> int:
        return self.site.ports[self.name]

    @property
    def address(self) -> str:
        """`host:port` (LocalStack: its URL)."""
        return self.external or f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        """
        The child that runs.

        Raises:
            ProcessLookupError: none runs, or someone else runs the engine.
        """
        if self._process is None:
            raise ProcessLookupError(f"{self.name} was not started here")
        return self._process

    @property
    def runs(self) -> bool:
        """Whether a child of ours runs it."""
        return self._process is not None and self._process.runs

    @property
    def state(self) -> str:
        """`external` (someone else runs it), `runs`, `paused` or `down`."""
        if self.external:
            return "external"
        if not self.runs:
            return "down"
        return "paused" if self.process.paused else "runs"

    async def start(self) -> None:
        """
        Start it and wait until it answers.

        Raises:
            ProcessFailed: it ended or was not ready in time; with the tail of its log.
            EngineUnavailable: what the variable points at does not answer.
        """
        if self.external:
            await self._await_external()
            return
        self.home.mkdir(parents=True, exist_ok=True)
        with self.site.progress.step(self.name):
            command = await self.prepare()
            self._process = Process(command, run=self.site.run, logs=self.site.logs)
            self._process.start()
            await self._process.until(self.ready, within_s=self.start_s)
        self._watch = asyncio.get_running_loop().create_task(self._tell_end_of(self._process))

    async def stop(self) -> None:
        """End it in good order. Harmless if it does not run."""
        if self._process is not None:
            await self._process.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    def pause(self) -> None:
        """Let it hang: its port accepts, nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    @abstractmethod
    async def prepare(self) -> Command:
        """Make ready what the engine needs (jars, configuration, a formatted data folder); how to run it."""

    @abstractmethod
    async def ready(self) -> bool:
        """Whether it serves requests now. Asked again and again while it starts: quick, and false rather than late."""

    async def _tell_end_of(self, process: Process) -> None:
        code = await process.wait()
        if not process.asked_to_end:
            self.site.ends.put_nowait(Ended(self.name, code, process.log))

    async def _await_external(self) -> None:
        try:
            await asyncio.wait_for(poll(self.ready), ANSWER_S)
        except TimeoutError:
            raise EngineUnavailable(f"{self.variable} points at a {self.name} that does not answer") from None


async def accepts(address: str) -> bool:
    """Whether something listens on `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(host, int(port))
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
