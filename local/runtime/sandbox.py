"""The process of one execution environment: its folder, what it prints, the signals it gets."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil

from local.model import Function
from local.precedence import Step, step_behind
from local.runtime import launch, logs
from local.runtime.environment import variables

MEMORY_SAMPLE_S = 1.0
"""A process's memory is looked up at most this often: it costs more than a whole warm invocation may."""
GRACE_S = 1.0
"""Time between SIGTERM and SIGKILL."""


type Credentials = Callable[[str], Mapping[str, str]]
"""The environment variables that a function with this role (ARN) signs its requests with."""


def no_one(_role: str) -> Mapping[str, str]:
    """All are the same, whom everybody believes."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where environments live: what is the same for all of them."""

    interpreter: Path
    scratch: Path
    extra_env: Mapping[str, str]
    credentials: Credentials = no_one
    steps: Mapping[str, Step] = field(default_factory=dict)
    """Functions (ARNs) that nobody waits for: how far they stand behind."""

    def more(self, function: Function) -> dict[str, str]:
        return {**self.extra_env, **self.credentials(function.role)}


class Sandbox:
    """A process group and what belongs to it: `launch`, then signals, until `exited`."""

    patient: ClassVar[bool] = False
    """Whether its events, and its init, may take as long as they like."""

    def __init__(self, function: Function, site: Site, log: logs.FunctionLog) -> None:
        self.frozen = False
        """By a fault, until `thaw`."""
        self.resting = False
        """Between events, until `wake`."""
        self._function = function
        self._site = site
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._used_mb = 0
        self._sampled = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def launch(self, *, api_port: int, provisioned: bool) -> None:
        """
        Start the process, whose Runtime API is on `api_port`.

        Raises:
            OSError: it could not be started.
        """
        self._home = self._site.scratch / f"{self._function.name}-{api_port}"
        self._home.mkdir(parents=True)
        read, write = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(self._site.interpreter),
                launch.__file__,
                str(os.getpid()),
                self._function.handler,
                cwd=self._function.code,
                env=variables(
                    self._function,
                    interpreter=self._site.interpreter,
                    runtime_api=f"127.0.0.1:{api_port}",
                    home=self._home,
                    provisioned=provisioned,
                    extra=self._site.more(self._function),
                ),
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        if step := self._site.steps.get(self._function.arn):
            step_behind(self._process.pid, step)
        self._output = logs.Output(read, self._log)
        asyncio.get_running_loop().add_reader(read, self._read_output)

    async def exited(self) -> int:
        """Wait for the process to end and clear up behind it; its exit status."""
        assert self._process is not None
        status = await self._process.wait()
        self._close_output()
        shutil.rmtree(self._home, ignore_errors=True)
        return status

    def drain(self) -> None:
        """Pass on what it has printed so far."""
        self._output.drain()

    def used_mb(self) -> int:
        """The most memory it was seen to use."""
        now = time.monotonic()
        if self._process is not None and now - self._sampled >= MEMORY_SAMPLE_S:
            self._sampled = now
            try:
                used = psutil.Process(self._process.pid).memory_info().rss
            except psutil.NoSuchProcess:
                return self._used_mb
            self._used_mb = max(self._used_mb, used // 2**20)
        return self._used_mb

    def kill(self) -> None:
        """End the process and what it started, at once."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it and what it started in their tracks."""
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        self.frozen = False
        if not self.resting:
            self._signal(signal.SIGCONT)

    def rest(self) -> None:
        """Stop it until there is work: as on AWS, none of its threads runs between events."""
        self.resting = True
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it run, unless a fault has frozen it."""
        if self.resting:
            self.resting = False
            if not self.frozen:
                self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        """Ask it to end, then insist. If it is frozen, the request is the first it sees."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        self.resting = False
        self.thaw()
        try:
            async with asyncio.timeout(GRACE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()

    def _read_output(self) -> None:
        if not self._output.drain():
            self._close_output()

    def _close_output(self) -> None:
        if self._output.fd < 0:
            return
        asyncio.get_running_loop().remove_reader(self._output.fd)
        self._output.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
