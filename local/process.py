"""
Child processes that are never orphaned.

A `Process` is one child in a session of its own, with a log file and a pid file. A `Claim` makes one owner of a
folder of pid files, and starts a warden: a process that holds the other end of a pipe to the owner, and ends
whatever the folder still lists when the owner is gone, however it went. (Linux could ask the kernel for that,
macOS could not; the warden also reaches what outlives a `kill -9`.)

A pid file names the process by pid and start time, so that a reused pid is never mistaken for ours.
"""

import asyncio
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.precedence import napping

PROBE_EVERY_S = 0.05
SAME_START_S = 2.0
"""How far two readings of one process's start time may differ (the clock's adjustments)."""
TAIL_LINES = 25


class ProcessFailed(Exception):
    """A child ended before it was ready, or was not ready in time. The message ends with the tail of its log."""


class AlreadyClaimed(Exception):
    """Another process owns the folder."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """How to run and end a child. It sees `env` and nothing else of ours."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 4.0
    """How long it may take to end after `stop_signal` before it is killed."""
    slack_ns: int = 0
    """How much later than it asks for it may be woken; 0: as usual."""


def plain_environment() -> dict[str, str]:
    """The part of our environment that says where things are, without settings meant for someone else."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}


class Process:
    """One child process. It can be started again after it ended; the log of the run before is kept as `.log.1`."""

    def __init__(self, command: Command, *, run: Path, logs: Path) -> None:
        self.command = command
        self.log = logs / f"{command.name}.log"
        self._pid_file = run / f"{command.name}.pid"
        self.paused = False
        self.asked_to_end = False
        """Whether it was ours to end it: `stop` or `kill` came before its end."""
        self._exit: Future[int] = Future()
        self._child: psutil.Process | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def runs(self) -> bool:
        return self._child is not None and not self._exit.done()

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log, napping(self.command.slack_ns):
            child = subprocess.Popen(
                self.command.argv,
                env=dict(self.command.env),
                cwd=self.command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.paused = self.asked_to_end = False
        self._child = psutil.Process(child.pid)
        _write_pid_file(self._pid_file, self._child)
        exit_code = Future[int]()
        exit_code.set_running_or_notify_cancel()  # so that an awaiting task that is cancelled does not cancel it
        self._exit = exit_code
        waiter = threading.Thread(target=lambda: exit_code.set_result(child.wait()), daemon=True)
        waiter.start()

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        return await asyncio.wrap_future(self._exit)

    async def until(self, ready: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
        """
        Wait until `ready` answers true.

        Raises:
            ProcessFailed: it ended first, or `within_s` seconds passed.
        """
        probing, ended = asyncio.ensure_future(poll(ready)), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({probing, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise self.failure(f"ended with code {ended.result()} before it was ready")
            if not probing.done():
                raise self.failure(f"was not ready after {within_s:.0f} s")
            probing.result()
        finally:
            probing.cancel()
            ended.cancel()

    async def stop(self) -> None:
        """Ask it to end, kill it if it does not. Harmless if it has ended or never ran."""
        if self._child is not None and self.runs:
            self.asked_to_end = True
            for process in _family(self._child):
                _signal(process, signal.SIGCONT)
            _signal(self._child, self.command.stop_signal)
            await asyncio.wait([asyncio.ensure_future(self.wait())], timeout=self.command.stop_s)
        await self.kill()

    async def kill(self) -> None:
        """End it at once, as a crash would, with all its descendants. Harmless if it has ended or never ran."""
        if self._child is None:
            return
        self.asked_to_end = self.asked_to_end or self.runs
        for process in _family(self._child):
            _signal(process, signal.SIGKILL)
        await self.wait()
        self._pid_file.unlink(missing_ok=True)

    def pause(self) -> None:
        """Stop it and its descendants in their tracks: connections stay open, nothing answers."""
        for process in _family(self._running()):
            _signal(process, signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        for process in _family(self._running()):
            _signal(process, signal.SIGCONT)
        self.paused = False

    def _running(self) -> psutil.Process:
        if self._child is None or not self.runs:
            raise ProcessLookupError(f"{self.command.name} is not running")
        return self._child

    def failure(self, what: str) -> ProcessFailed:
        """The error that says `what` and shows the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return ProcessFailed("\n".join([f"{self.command.name} {what}. The end of {self.log}:", *lines]))


class Claim:
    """
    The right of one process to run children whose pid files are in `run`.

    The lock is shared with the warden, so a next owner gets in only after what the last one left is gone.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._owner = run / "owner"
        self._lock: int | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    def acquire(self, *, within_s: float = 10.0) -> None:
        """
        Become the owner, if not yet; ends what an earlier one left behind. Blocks.

        Raises:
            AlreadyClaimed: another owner lives, or a dead one's warden needs longer than `within_s`.
        """
        if self._lock is not None:
            return
        self._run.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(lock, time.monotonic() + within_s)
            _write_pid_file(self._owner, psutil.Process())
            stop_leftovers(self._run)
            self._warden = subprocess.Popen(
                (sys.executable, "-m", "local.process", str(self._run)),
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(lock,),
                start_new_session=True,
            )
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def release(self) -> None:
        """Give the folder up. Children that still run are ended."""
        if self._warden is None or self._lock is None:
            return
        self._owner.unlink(missing_ok=True)
        self._warden.communicate(timeout=30)
        os.close(self._lock)
        self._warden = self._lock = None

    def _wait_for(self, lock: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lives = self._owner.exists() and _from_pid_file(self._owner) is not None
                if lives or time.monotonic() > deadline:
                    raise AlreadyClaimed(f"another local cloud runs from {self._run.parent}") from None
                time.sleep(random.uniform(0.05, 0.15))  # noqa: S311 - jitter
            else:
                return


def stop_leftovers(run: Path, *, grace_s: float = 5.0) -> None:
    """End every process that a pid file in `run` names and that is still the same process."""
    files = list(run.glob("*.pid"))
    left = [process for file in files if (process := _from_pid_file(file)) is not None]
    families = [member for process in left for member in _family(process)]
    for process in families:
        _signal(process, signal.SIGCONT)
        _signal(process, signal.SIGTERM)
    for process in alive_after(families, grace_s):
        _signal(process, signal.SIGKILL)
    alive_after(families, grace_s)
    for file in files:
        file.unlink(missing_ok=True)


def alive_after(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Those that have not ended `within_s` seconds from now; returns earlier if all have. Blocks."""
    deadline = time.monotonic() + within_s
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(PROBE_EVERY_S)
    return alive


async def poll(ready: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is true. For what another process does, which has no event to wait for."""
    while not await ready():  # noqa: ASYNC110
        await asyncio.sleep(PROBE_EVERY_S)


def is_alive(process: psutil.Process) -> bool:
    """Whether it has not ended. A zombie has: what reaps orphans may do so late, or never where there is no init."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return  # it ended by itself, which is what every caller is content with


def _write_pid_file(file: Path, process: psutil.Process) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}))
    draft.replace(file)


def _from_pid_file(file: Path) -> psutil.Process | None:
    recorded = json.loads(file.read_text())
    try:
        process = psutil.Process(recorded["pid"])
        same = abs(process.create_time() - recorded["started"]) < SAME_START_S
    except psutil.NoSuchProcess:
        return None
    return process if same and is_alive(process) else None


def _watch_over(run: Path) -> None:
    """The warden's life: until the owner closes the pipe by leaving, then clean up."""
    sys.stdin.buffer.read()
    stop_leftovers(run)


if __name__ == "__main__":
    _watch_over(Path(sys.argv[1]))
