import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.process import AlreadyClaimed, Claim, Command, Process, ProcessFailed, alive_after, poll, stop_leftovers

READY = "import pathlib, signal, sys; pathlib.Path('ready').touch(); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {READY!r}]).wait()"
OWNER = f"""
import pathlib, signal, sys
from local.process import Claim, Command, Process
root = pathlib.Path(sys.argv[1])
Claim(root / "run").acquire()
command = Command(name="child", argv=(sys.executable, "-c", {PARENT!r}), cwd=root)
Process(command, run=root / "run", logs=root / "log").start()
print("started", flush=True)
signal.pause()
"""

Start = Callable[..., Process]
SLACK = "print(open('/proc/self/timerslack_ns').read().strip())"


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a child that runs the given program in `tmp_path`."""
    started: list[Process] = []

    def child(program: str, **more: Any) -> Process:
        command = Command(name="child", argv=(sys.executable, "-c", program), cwd=tmp_path, stop_s=0.3, **more)
        process = Process(command, run=tmp_path / "run", logs=tmp_path / "log")
        process.start()
        started.append(process)
        return process

    (tmp_path / "run").mkdir()
    yield child
    for process in started:
        await process.kill()


async def until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await asyncio.wait_for(poll(holds), 10)


def ended(process: psutil.Process) -> bool:
    """A process whose parent never asks for its exit code stays as a zombie: it has ended all the same."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


class TestProcess:
    async def test_it_is_ready_when_the_condition_holds(self, start: Start, tmp_path: Path) -> None:
        process = start(READY)

        async def ready() -> bool:
            return (tmp_path / "ready").exists()

        await process.until(ready, within_s=10)
        assert process.runs

    async def test_a_child_that_ends_is_reported_with_the_end_of_its_log(self, start: Start) -> None:
        process = start("import sys; print('no such port', file=sys.stderr); raise SystemExit(3)")
        with pytest.raises(ProcessFailed, match=r"(?s)child ended with code 3 .*no such port"):
            await process.until(never, within_s=10)

    async def test_a_child_that_is_late_is_reported(self, start: Start) -> None:
        with pytest.raises(ProcessFailed, match="was not ready after 0 s"):
            await start(READY).until(never, within_s=0.1)

    async def test_a_child_that_ignores_the_signal_is_killed(self, start: Start, tmp_path: Path) -> None:
        process = start(STUBBORN)
        await until((tmp_path / "ready").exists)
        await process.stop()
        assert await process.wait() == -signal.SIGKILL

    async def test_a_paused_child_can_be_stopped(self, start: Start, tmp_path: Path) -> None:
        process = start(READY)
        await until((tmp_path / "ready").exists)
        process.pause()
        await process.stop()
        assert await process.wait() == -signal.SIGTERM

    async def test_killing_takes_the_descendants_along(self, start: Start, tmp_path: Path) -> None:
        process = start(PARENT)
        await until((tmp_path / "ready").exists)
        (grandchild,) = psutil.Process(process.pid).children()
        await process.kill()
        await until(lambda: ended(grandchild))

    async def test_it_can_be_started_again_and_keeps_the_log_before(self, start: Start) -> None:
        process = start("print('first')")
        await process.wait()
        process.start()
        await process.wait()
        assert "first" in process.log.with_suffix(".log.1").read_text()

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can be woken late")
    async def test_who_may_be_woken_late_is_the_child_alone(self, start: Start) -> None:
        late = start(SLACK, slack_ns=1_000_000)
        await late.wait()
        assert late.log.read_text() == "1000000\n"
        usual = start(SLACK)
        await usual.wait()
        assert int(usual.log.read_text()) < 1_000_000

    async def test_a_child_sees_only_the_environment_that_it_was_given(self, start: Start) -> None:
        process = start("import os; print('HOME' in os.environ)")
        await process.wait()
        assert process.log.read_text() == "False\n"

    async def test_one_that_does_not_run_cannot_be_paused(self, start: Start) -> None:
        process = start("")
        await process.wait()
        with pytest.raises(ProcessLookupError, match="child is not running"):
            process.pause()


class TestLeftovers:
    async def test_what_a_pid_file_names_is_ended(self, start: Start, tmp_path: Path) -> None:
        process = start(STUBBORN)
        await until((tmp_path / "ready").exists)
        stop_leftovers(tmp_path / "run", grace_s=0.2)
        assert await process.wait() == -signal.SIGKILL
        assert list((tmp_path / "run").glob("*.pid")) == []

    async def test_a_process_that_started_at_another_time_is_not_ours(self, start: Start, tmp_path: Path) -> None:
        process = start(READY)
        (file,) = (tmp_path / "run").glob("*.pid")
        file.write_text(f'{{"pid": {process.pid}, "started": 1000000000.0}}')
        stop_leftovers(tmp_path / "run")
        assert process.runs
        assert not file.exists()


class TestClaim:
    async def test_there_is_one_owner(self, tmp_path: Path) -> None:
        first = Claim(tmp_path / "run")
        first.acquire()
        with pytest.raises(AlreadyClaimed):
            Claim(tmp_path / "run").acquire(within_s=0)
        first.release()
        second = Claim(tmp_path / "run")
        second.acquire(within_s=0)
        second.release()

    async def test_children_do_not_outlive_a_killed_owner(self, tmp_path: Path) -> None:
        owner = await asyncio.create_subprocess_exec(*(sys.executable, "-c", OWNER, tmp_path), stdout=subprocess.PIPE)
        assert owner.stdout is not None
        assert await owner.stdout.readline() == b"started\n"
        await until((tmp_path / "ready").exists)
        family = psutil.Process(owner.pid).children(recursive=True)
        owner.kill()
        await owner.wait()
        assert len(family) == 3, "the warden, the child and the grandchild"
        await until(lambda: all(ended(process) for process in family))
        next_owner = Claim(tmp_path / "run")
        next_owner.acquire()
        next_owner.release()

    def test_an_owner_whom_nobody_reaps_is_gone_all_the_same(self, tmp_path: Path) -> None:
        """Where nothing reaps orphans the folder once belonged to a dead owner for ever."""
        owner = subprocess.Popen((sys.executable, "-c", OWNER, tmp_path), stdout=subprocess.PIPE)
        assert owner.stdout is not None
        with owner.stdout as output:
            assert output.readline() == b"started\n"
        owner.kill()
        assert alive_after([psutil.Process(owner.pid)], 10) == []
        next_owner = Claim(tmp_path / "run")
        next_owner.acquire()
        next_owner.release()
        owner.wait()


class TestAliveAfter:
    def test_a_zombie_has_ended(self) -> None:
        child = subprocess.Popen((sys.executable, "-c", ""))
        process = psutil.Process(child.pid)
        assert alive_after([process], 10) == []
        assert process.status() == psutil.STATUS_ZOMBIE
        child.wait()

    async def test_who_lives_on_is_told(self, start: Start) -> None:
        process = psutil.Process(start(READY).pid)
        assert alive_after([process], 0) == [process]


async def never() -> bool:
    return False
