import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from local.precedence import Step
from local.runtime import pool
from local.runtime.functions import Lambda, UnknownFunctionError
from local.runtime.scheduling import ThrottledError

from .conftest import ROOT, arn, function, until

PARENT = """
import asyncio, sys
from pathlib import Path
root, interpreter, code, folder = map(Path, sys.argv[1:])
sys.path.insert(0, str(root))
from local.model import Function
from local.runtime.functions import Lambda

async def main():
    function = Function(logical_id="raw", name="raw", arn="arn:aws:lambda:eu-central-1:0:function:raw",
                        handler="app.raw", code=code, provisioned_concurrency=1)
    functions = Lambda([function], interpreter=interpreter, log_dir=folder / "logs", extra_env={})
    await functions.start()
    print(*functions.status()["raw"]["pids"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

POLITE = """
import os, signal

def leave(*_):
    print("good bye")
    os._exit(0)

signal.signal(signal.SIGTERM, leave)

def polite(event, context):
    return {}
"""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event waits for the worker that is there, however slow the machine: for tests that count workers."""
    monkeypatch.setattr(pool, "PATIENCE_S", 10.0)


class TestLambda:
    async def test_event_and_context_reach_the_handler(self, functions: Lambda) -> None:
        result = await functions.invoke(arn("raw"), '{"text":"grüße"}'.encode())
        answer = json.loads(result.payload)
        assert result.error is None
        assert answer["event"] == {"text": "grüße"}
        assert answer["request_id"] == result.request_id
        assert answer["arn"] == arn("raw")
        assert 20_000 < answer["left_ms"] <= 30_000

    async def test_environment_is_that_of_lambda_and_nothing_else(self, functions: Lambda) -> None:
        environment = json.loads((await functions.invoke("raw", b"{}")).payload)["environment"]
        assert environment["COLOUR"] == "green"
        assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
        assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "raw"
        assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "provisioned-concurrency"
        assert environment["TZ"] == ":UTC"
        assert "PWD" not in environment
        assert "PYTEST_CURRENT_TEST" not in environment

    @pytest.mark.usefixtures("patient")
    async def test_workers_are_reused(self, functions: Lambda) -> None:
        pids = {json.loads((await functions.invoke("raw", b"{}")).payload)["pid"] for _ in range(5)}
        assert len(pids) == 1
        assert functions.status()["raw"]["pids"] == list(pids)

    async def test_exception_is_a_function_error(self, functions: Lambda) -> None:
        result = await functions.invoke("fail", b"{}")
        assert result.error == "Unhandled"
        assert json.loads(result.payload)["errorType"] == "ValueError"
        assert json.loads(result.payload)["errorMessage"] == "this function fails"

    async def test_timeout_kills_the_worker(self, functions: Lambda, tmp_path: Path) -> None:
        result = await functions.invoke("slow", b"{}")
        assert result.error == "Unhandled"
        assert json.loads(result.payload)["errorMessage"].endswith("Task timed out after 2.00 seconds")
        again = await functions.invoke("slow", b'{"sleep_s":0}')
        assert again.error is None
        assert "Task timed out after 2.00 seconds" in (tmp_path / "logs" / "slow.log").read_text()

    async def test_crash_is_reported_and_survived(self, functions: Lambda) -> None:
        for _ in range(2):
            result = await functions.invoke("die", b"{}")
            assert result.error == "Unhandled"
            assert json.loads(result.payload)["errorType"] == "Runtime.ExitError"
            assert json.loads(result.payload)["errorMessage"].endswith("exit status 3")

    async def test_failed_init_is_the_answer(self, functions: Lambda) -> None:
        result = await functions.invoke("missing", b"{}")
        assert result.error == "Unhandled"
        assert json.loads(result.payload)["errorType"] == "Runtime.HandlerNotFound"

    async def test_init_that_takes_too_long_is_the_answer(
        self, interpreter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "INIT_TIMEOUT_S", 0.5)
        (tmp_path / "app.py").write_text("import time\ntime.sleep(60)\n")
        pools = Lambda([function(tmp_path, "stuck")], interpreter=interpreter, log_dir=tmp_path / "logs", extra_env={})
        await pools.start()
        try:
            result = await pools.invoke("stuck", b"{}")
        finally:
            await pools.stop()
        assert result.error == "Unhandled"
        assert "exited during init" in json.loads(result.payload)["errorMessage"]

    @pytest.mark.usefixtures("patient")
    async def test_folder_for_temporary_files_is_private_and_goes_with_the_environment(self, functions: Lambda) -> None:
        folders = []
        for _ in range(2):
            environment = json.loads((await functions.invoke("raw", b"{}")).payload)["environment"]
            folders.append(Path(environment["TMPDIR"]))
            assert folders[-1].is_dir()
            assert environment["HOME"] == environment["TMPDIR"]
            (worker,) = functions.pool("raw").workers
            worker.sandbox.kill()
            await until(lambda: not functions.pool("raw").workers)
        assert folders[0] != folders[1]
        assert not folders[0].exists()

    async def test_answer_over_6_mb_is_an_error(self, functions: Lambda) -> None:
        result = await functions.invoke("big", b"{}")
        assert result.error == "Unhandled"
        assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"

    async def test_reserved_concurrency_throttles(self, functions: Lambda) -> None:
        first = asyncio.create_task(functions.invoke("slow", b'{"sleep_s":0.2}'))
        await asyncio.sleep(0)
        with pytest.raises(ThrottledError):
            await functions.invoke("slow", b"{}")
        assert (await first).error is None
        assert functions.status()["slow"]["throttles"] == 1

    async def test_caller_may_give_up_earlier(self, functions: Lambda) -> None:
        with pytest.raises(TimeoutError):
            await functions.invoke("slow", b"{}", deadline=asyncio.get_running_loop().time() + 0.05)

    async def test_unknown_function(self, functions: Lambda) -> None:
        with pytest.raises(UnknownFunctionError):
            await functions.invoke("nobody", b"{}")

    async def test_qualified_references_are_understood(self, functions: Lambda) -> None:
        for reference in (arn("raw") + ":live", "raw:live", arn("raw")):
            assert (await functions.invoke(reference, b"{}")).error is None

    async def test_log_has_the_platform_lines_in_order(self, functions: Lambda, tmp_path: Path) -> None:
        result = await functions.invoke("raw", b'{"n":1}')
        lines = (tmp_path / "logs" / "raw.log").read_text().splitlines()
        kinds = [line.split(" ")[0] for line in lines]
        assert kinds == ["START", "got", "END", "REPORT"]
        assert all(result.request_id in line for line in lines if not line.startswith("got"))
        assert "Init Duration" in lines[-1]
        assert "Max Memory Used: " in lines[-1]

    async def test_parallel_events_get_workers_of_their_own(self, functions: Lambda) -> None:
        await functions.invoke("fail", b"{}")
        results = await asyncio.gather(*(functions.invoke("raw", b"{}") for _ in range(40)))
        assert len({result.request_id for result in results}) == 40

    async def test_of_several_that_have_nothing_to_do_one_stays(
        self, functions: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "IDLE_S", 0.3)
        nap = b'{"sleep_s": 0.3}'
        await asyncio.gather(*(functions.invoke("nap", nap) for _ in range(3)))
        started = functions.status()["nap"]["cold_starts"]
        assert started > 1
        await until(lambda: functions.status()["nap"]["warm"] == len(functions.status()["nap"]["pids"]) == 1)
        assert (await functions.invoke("nap", nap)).error is None
        after = functions.status()["nap"]
        assert (after["cold_starts"], after["errors"]) == (started, 0)

    @pytest.mark.usefixtures("patient")
    async def test_threads_do_not_run_between_events(self, functions: Lambda) -> None:
        """AWS freezes an environment that has nothing to do; what it started goes on with the next event."""
        await functions.invoke("tick", b"{}")
        (pid,) = functions.status()["tick"]["pids"]
        await until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        frozen = json.loads((await functions.invoke("tick", b"{}")).payload)
        await until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        await asyncio.sleep(0.5)
        thawed = json.loads((await functions.invoke("tick", b"{}")).payload)
        assert thawed["pid"] == frozen["pid"] == pid
        assert thawed["ticks"] - frozen["ticks"] < 300

    async def test_other_settings_need_other_workers(self, functions: Lambda) -> None:
        before = json.loads((await functions.invoke("raw", b"{}")).payload)
        functions.redefine([replace(functions.pool("raw").function, environment={"COLOUR": "blue"})])
        after = json.loads((await functions.invoke("raw", b"{}")).payload)
        assert (before["environment"]["COLOUR"], after["environment"]["COLOUR"]) == ("green", "blue")
        await until(lambda: not psutil.pid_exists(before["pid"]))

    async def test_event_under_way_ends_with_the_settings_it_began_with(self, functions: Lambda) -> None:
        event = asyncio.create_task(functions.invoke("slow", b'{"sleep_s":0.2}'))
        await until(lambda: functions.status()["slow"]["warm"])
        (old,) = functions.status()["slow"]["pids"]
        functions.redefine([replace(functions.pool("slow").function, environment={"COLOUR": "blue"})])
        assert (await event).error is None
        await until(lambda: not psutil.pid_exists(old))

    @pytest.mark.usefixtures("patient")
    async def test_stop_leaves_no_process(self, functions: Lambda) -> None:
        await functions.invoke("raw", b"{}")
        (pid,) = functions.status()["raw"]["pids"]
        began = time.monotonic()
        await functions.stop()
        assert time.monotonic() - began < 3
        await until(lambda: not psutil.pid_exists(pid))

    async def test_stop_ends_whatever_a_worker_has_come_to(self, interpreter: Path, tmp_path: Path) -> None:
        """Also one whose process is just being started: there is none yet that could be told."""
        for steps in range(12):
            pools = Lambda(
                [function(tmp_path, "raw")], interpreter=interpreter, log_dir=tmp_path / "logs", extra_env={}
            )
            await pools.start()
            call = asyncio.create_task(pools.invoke("raw", b"{}"))
            for _ in range(steps):
                await asyncio.sleep(0)
            async with asyncio.timeout(10):
                await pools.stop()
            await asyncio.wait([call])

    async def test_function_that_handles_sigterm_does_so_while_it_waits_for_an_event(
        self, interpreter: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "app.py").write_text(POLITE)
        polite = function(tmp_path, "polite", provisioned_concurrency=1)
        pools = Lambda([polite], interpreter=interpreter, log_dir=tmp_path / "logs", extra_env={})
        await pools.start()
        try:
            assert (await pools.invoke("polite", b"{}")).error is None
        finally:
            await pools.stop()
        assert "good bye" in (tmp_path / "logs" / "polite.log").read_text()

    async def test_whom_nobody_waits_for_lets_others_go_first(self, interpreter: Path, tmp_path: Path) -> None:
        made = [function(tmp_path, name, provisioned_concurrency=1) for name in ("raw", "slow")]
        steps = {made[1].arn: Step.QUEUE}
        pools = Lambda(made, interpreter=interpreter, log_dir=tmp_path / "logs", extra_env={}, steps=steps)
        await pools.start()
        try:
            raw, slow = (psutil.Process(*pools.status()[name]["pids"]).nice() for name in ("raw", "slow"))
            assert slow > raw == psutil.Process().nice()
        finally:
            await pools.stop()

    async def test_worker_that_cannot_be_started_is_the_answer(self, tmp_path: Path) -> None:
        broken = Lambda(
            [function(tmp_path / "code", "raw")],
            interpreter=tmp_path / "no-python",
            log_dir=tmp_path / "logs",
            extra_env={},
        )
        await broken.start()
        try:
            result = await broken.invoke("raw", b"{}")
        finally:
            await broken.stop()
        assert result.error == "Unhandled"
        assert "could not be started" in json.loads(result.payload)["errorMessage"]

    async def test_workers_die_with_a_parent_that_is_killed(self, interpreter: Path, tmp_path: Path) -> None:
        one = function(tmp_path / "code", "raw", provisioned_concurrency=1)
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PARENT,
            *map(str, (ROOT, interpreter, one.code, tmp_path)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert parent.stdout is not None
        async with asyncio.timeout(20):
            pid = int(await parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        await parent.wait()
        await until(lambda: not psutil.pid_exists(pid))
