"""
Functions that are debugged: all in one process that has the local cloud's terminal, one event at a time.

To the pools their environments are like any others; only that there is one for each function, and that no time limit
holds. What the process does stands in `debugged`.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import termios
from pathlib import Path
from typing import Any, ClassVar

from local.model import Function
from local.runtime import logs
from local.runtime.environment import variables
from local.runtime.sandbox import Sandbox, Site

ROOT = Path(__file__).parents[2]
KEPT = ("COLUMNS", "PYTHONBREAKPOINT", "TERM")
"""What the process and its functions see of our environment: how to stop, and where."""


class Debugger:
    """The process: started for the first function, and again when it has ended. It ends with `stop`, or with us."""

    def __init__(self, interpreter: Path) -> None:
        self._interpreter = interpreter
        self._process: asyncio.subprocess.Process | None = None
        self._control = -1
        self._lock = asyncio.Lock()
        self._terminal = termios.tcgetattr(0) if os.isatty(0) else None

    async def serve(self, settings: dict[str, Any]) -> asyncio.subprocess.Process:
        """
        Have it run a function's events; the process that does.

        Raises:
            OSError: it could not be started.
        """
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start()
        os.write(self._control, json.dumps(settings).encode() + b"\n")
        return self._process

    async def stop(self) -> None:
        """End it wherever it stands. A prompt that it had open leaves the terminal as it was before."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        os.close(self._control)
        self._process = None
        if self._terminal is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._terminal)

    async def _start(self) -> asyncio.subprocess.Process:
        if self._control >= 0:
            os.close(self._control)
        read, self._control = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(str(self._interpreter), "-P", "-m", "local.runtime.debugged", str(os.getpid()), str(read)),
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "PYTHONPATH": str(ROOT),
                    **{name: os.environ[name] for name in KEPT if name in os.environ},
                },
                pass_fds=(read,),
            )
        finally:
            os.close(read)
        print(f"debugging in process {process.pid}: breakpoint() stops it here", file=sys.stderr, flush=True)
        return process


class DebugSandbox(Sandbox):
    """
    A function's place in the debugger's process.

    `kill` takes away its events; one that is under way goes on, but nobody hears its answer. It cannot be frozen.
    """

    patient: ClassVar[bool] = True

    def __init__(self, function: Function, site: Site, log: logs.FunctionLog, debugger: Debugger) -> None:
        super().__init__(function, site, log)
        self._debugger = debugger
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def launch(self, *, api_port: int, provisioned: bool) -> None:
        self._home = self._site.scratch / f"{self._function.name}-{api_port}"
        self._home.mkdir(parents=True)
        output = self._home / "output"
        os.mkfifo(output)
        self._output = logs.Output(os.open(output, os.O_RDWR | os.O_NONBLOCK), self._log)  # RDWR: it never ends
        asyncio.get_running_loop().add_reader(self._output.fd, self._read_output)
        environment = variables(
            self._function,
            interpreter=self._site.interpreter,
            runtime_api=f"127.0.0.1:{api_port}",
            home=self._home,
            provisioned=provisioned,
            extra=self._site.more(self._function),
        )
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        settings = {"environment": kept | environment, "output": str(output)}
        self._process = await self._debugger.serve(settings)

    async def exited(self) -> int:
        assert self._process is not None
        gone = asyncio.ensure_future(self._process.wait())
        done, _ = await asyncio.wait({gone, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        self._close_output()
        shutil.rmtree(self._home, ignore_errors=True)
        return done.pop().result()

    def kill(self) -> None:
        if not self._ended.done():
            self._ended.set_result(-signal.SIGKILL)

    def freeze(self) -> None:
        """Not possible: others run in the same process."""

    async def stop(self) -> None:
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        """The process is not this function's alone."""
