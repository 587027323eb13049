"""Faults on purpose: on real workers, a real Kafka and Valkey, through the control endpoint."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from local.background import Instance
from local.cli import main
from local.engines import Engines
from local.faults import (
    Active,
    Connections,
    Delay,
    Duplicate,
    Fault,
    FaultError,
    Faults,
    Freeze,
    Kill,
    Pause,
    Restart,
    Resume,
    Thaw,
    Zombie,
)
from local.gateway.server import Runtime
from local.process import poll
from local.progress import Progress

from .conftest import app, function, until
from .kafka_stage import NAME, Stage, lag
from .test_websocket_api import client, management

pytestmark = pytest.mark.engines


def faults_of(runtime: Runtime) -> Faults:
    return Faults(f"http://127.0.0.1:{runtime.admin_port}")


def pids(runtime: Runtime, name: str) -> list[int]:
    return list(runtime.functions.status()[name]["pids"])


def stopped(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


async def none_left(faults: Faults) -> None:
    async def none() -> bool:
        return not await faults.active()

    await asyncio.wait_for(poll(none), 20)


async def hits(faults: Faults, fault: Fault) -> int:
    return sum(active.hits for active in await faults.active() if active.fault.kind == fault.kind)


@pytest.fixture(scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    engines = Engines(tmp_path_factory.mktemp("valkey"), Progress())
    await engines.start("valkey")
    yield engines
    await engines.stop()


@pytest.fixture
async def runtime(interpreter: Path, valkey: Engines, tmp_path: Path) -> AsyncIterator[Runtime]:
    """Functions without event sources, and one engine."""
    code = tmp_path / "code"
    runtime = Runtime(
        app(
            functions=[
                function(code, "raw", provisioned_concurrency=2),
                function(code, "slow", timeout_s=1.5, provisioned_concurrency=2),
                function(code, "shop-ok", handler="app.ok"),
                function(code, "stall-ok", handler="app.ok"),
                function(code, "shop-slow-one", handler="app.ok"),
            ]
        ),
        interpreter=interpreter,
        root=tmp_path,
        kafka_bootstrap=None,
        engines={"valkey": valkey.valkey},
        extra_env={},
    )
    await runtime.start()
    yield runtime
    await runtime.stop()
    if valkey.valkey.state == "down":
        await valkey.valkey.start()


class TestEngines:
    async def test_paused_one_hangs_until_it_is_resumed(self, runtime: Runtime, valkey: Engines) -> None:
        faults = faults_of(runtime)
        await faults.apply(Pause("valkey"))
        assert await faults.active() == [Active(fault=Pause("valkey"), hits=1)]
        assert not await valkey.valkey.ready()
        assert runtime.status()["engines"] == {"valkey": "paused"}
        await faults.apply(Resume("valkey"))
        assert await valkey.valkey.ready()
        assert await faults.active() == []

    async def test_pause_ends_by_itself(self, runtime: Runtime, valkey: Engines) -> None:
        faults = faults_of(runtime)
        await faults.apply(Pause("valkey", seconds=0.2))
        await none_left(faults)
        assert await valkey.valkey.ready()

    async def test_killed_one_is_down_until_it_is_restarted(self, runtime: Runtime, valkey: Engines) -> None:
        faults = faults_of(runtime)
        before = valkey.valkey.process.pid
        await faults.apply(Kill("valkey"))
        assert not psutil.pid_exists(before)
        assert runtime.status()["engines"] == {"valkey": "down"}
        await faults.apply(Restart("valkey"))
        assert await valkey.valkey.ready()
        assert valkey.valkey.process.pid != before
        assert await faults.active() == []

    async def test_killed_one_comes_back_in_time(self, runtime: Runtime, valkey: Engines) -> None:
        faults = faults_of(runtime)
        await faults.apply(Kill("valkey", seconds=0.1))
        await none_left(faults)
        assert await valkey.valkey.ready()

    async def test_running_one_is_restarted_on_its_port(self, runtime: Runtime, valkey: Engines) -> None:
        before, address = valkey.valkey.process.pid, valkey.valkey.address
        await faults_of(runtime).apply(Restart("valkey"))
        assert await valkey.valkey.ready()
        assert valkey.valkey.address == address
        assert valkey.valkey.process.pid != before

    async def test_clear_brings_everything_back(self, runtime: Runtime, valkey: Engines) -> None:
        faults = faults_of(runtime)
        await faults.apply(Kill("valkey", seconds=3000))
        await faults.apply(Freeze("raw"))
        await faults.apply(Delay("raw", ms=10))
        await faults.clear()
        assert await valkey.valkey.ready()
        assert await faults.active() == []

    async def test_kill_takes_the_place_of_a_pause(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Pause("valkey", seconds=3000))
        await faults.apply(Kill("valkey"))
        assert [active.fault for active in await faults.active()] == [Kill("valkey")]

    async def test_state_that_does_not_fit_is_refused(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Kill("valkey"))
        with pytest.raises(FaultError, match="valkey is not running"):
            await faults.apply(Pause("valkey"))

    async def test_unknown_one_is_refused_with_the_known(self, runtime: Runtime) -> None:
        with pytest.raises(FaultError, match="no engine is called oracle: there are valkey"):
            await faults_of(runtime).apply(Pause("oracle"))


class TestWorkers:
    async def test_killed_ones_are_gone_and_replaced(self, runtime: Runtime) -> None:
        before = pids(runtime, "raw")
        await faults_of(runtime).apply(Kill("raw"))
        assert pids(runtime, "raw") == []
        with pytest.raises(FaultError, match="raw has no worker now"):
            await faults_of(runtime).apply(Freeze("raw"))
        assert not any(psutil.pid_exists(pid) for pid in before)
        assert (await runtime.invoke("raw", b"{}")).error is None

    async def test_busy_one_is_killed_first_and_its_event_fails(self, runtime: Runtime) -> None:
        sleeping = asyncio.create_task(runtime.invoke("slow", b'{"sleep_s": 30}'))
        await until(lambda: runtime.functions.status()["slow"]["busy"])
        await faults_of(runtime).apply(Kill("slow", workers=1))
        result = await sleeping
        assert json.loads(result.payload)["errorType"] == "Runtime.ExitError"
        assert json.loads(result.payload)["errorMessage"].endswith("signal: kill")
        assert len(pids(runtime, "slow")) == 1

    async def test_frozen_one_answers_when_it_is_thawed(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Freeze("raw"))
        await until(lambda: all(stopped(pid) for pid in pids(runtime, "raw")))
        assert runtime.functions.status()["raw"]["frozen"] == 2
        event = asyncio.create_task(runtime.invoke("raw", b"{}"))
        await until(lambda: runtime.functions.status()["raw"]["busy"])
        assert not event.done()
        await faults.apply(Thaw("raw"))
        assert (await event).error is None
        assert await faults.active() == []

    async def test_freeze_of_one_ends_by_itself(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Freeze("raw", workers=1, seconds=0.2))
        await none_left(faults)
        assert runtime.functions.status()["raw"]["frozen"] == 0
        await until(lambda: all(stopped(pid) for pid in pids(runtime, "raw")))  # as they are between events
        results = await asyncio.gather(*(runtime.invoke("raw", b"{}") for _ in range(2)))
        assert [result.error for result in results] == [None, None]

    async def test_time_limit_goes_on_for_a_frozen_one(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Freeze("slow"))
        result = await runtime.invoke("slow", b'{"sleep_s": 0}')
        assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
        await until(lambda: len(pids(runtime, "slow")) == 1)

    async def test_end_of_a_name_is_enough_if_it_is_clear(self, runtime: Runtime) -> None:
        faults = faults_of(runtime)
        await faults.apply(Delay("slow-one", ms=1))
        assert [active.fault for active in await faults.active()] == [Delay("shop-slow-one", ms=1)]
        with pytest.raises(FaultError, match="no function is called ok: may be shop-ok or stall-ok"):
            await faults.apply(Kill("ok"))
        with pytest.raises(FaultError, match="no function is called ow-one: there are raw, shop-ok"):
            await faults.apply(Kill("ow-one"))


class TestDeliveries:
    async def test_zombie_ends_its_batch_after_another_did(self, stage: Stage) -> None:
        runtime = stage.runtime("linger")
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Zombie("f", seconds=None))
            stage.produce(["a"])
            await until(lambda: runtime.functions.status()[NAME]["frozen"] == 1)  # before, one may rest between events
            (zombie,) = await until(lambda: [pid for pid in pids(runtime, NAME) if stopped(pid)])
            (other,) = await until(lambda: {note["pid"] for note in stage.notes("values")} - {zombie})
            stage.gate.touch()
            await until(lambda: lag(runtime) == 0)
            assert [note["ended"] for note in stage.notes("ended")] == [other]
            assert runtime.functions.status()[NAME]["frozen"] == 1
            await faults.apply(Thaw("f"))
            await until(lambda: len(stage.notes("ended")) == 2)
            assert [note["ended"] for note in stage.notes("ended")] == [other, zombie]
            assert stage.taken() == ["a", "a"]
            await none_left(faults)
            await until(lambda: runtime.functions.status()[NAME]["warm"] == 2)
        finally:
            await runtime.stop()

    async def test_zombie_is_frozen_midway(self, stage: Stage) -> None:
        runtime = stage.runtime("linger")
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Zombie("f", after_ms=1500, seconds=None))
            stage.produce(["a"])
            await until(lambda: len(stage.taken()) == 2)
            first, second = (note["pid"] for note in stage.notes("values"))
            assert (stopped(first), stopped(second)) == (True, False)
            stage.gate.touch()
            await until(lambda: lag(runtime) == 0)
            await faults.clear()
            await until(lambda: len(stage.notes("ended")) == 2)
            assert [note["ended"] for note in stage.notes("ended")] == [second, first]
        finally:
            await runtime.stop()

    async def test_zombie_thaws_by_itself(self, stage: Stage) -> None:
        runtime = stage.runtime("linger")  # long enough to be caught
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Zombie("f", seconds=0.3))
            stage.produce(["a"])
            await none_left(faults)
            stage.gate.touch()
            await until(lambda: stage.taken() == ["a", "a"])
            assert runtime.functions.status()[NAME]["frozen"] == 0
        finally:
            await runtime.stop()

    @pytest.mark.parametrize("concurrently", [False, True])
    async def test_batches_come_twice(self, stage: Stage, concurrently: bool) -> None:
        runtime = stage.runtime("take", batch_size=1)
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Duplicate("f", batches=2, concurrently=concurrently))
            stage.produce(["a", "b", "c"])
            await until(lambda: lag(runtime) == 0 and stage.taken()[-1:] == ["c"])
            assert stage.taken() == ["a", "a", "b", "b", "c"]
            assert await faults.active() == []
            workers = [note["pid"] for note in stage.notes("values")]
            assert not concurrently or (workers[0] != workers[1] and workers[2] != workers[3])
        finally:
            await runtime.stop()

    async def test_what_is_held_goes_on_when_the_fault_is_over(self, stage: Stage) -> None:
        runtime = stage.runtime("take")
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Delay("f", ms=600_000))
            stage.produce(["a"])

            async def held() -> bool:
                return await hits(faults, Delay("f", ms=1)) == 1

            await asyncio.wait_for(poll(held), 20)
            assert stage.taken() == []
            await faults.clear()
            await until(lambda: stage.taken() == ["a"])
        finally:
            await runtime.stop()

    async def test_batches_are_held_back(self, stage: Stage) -> None:
        runtime = stage.runtime("take", batch_size=1)
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Delay("f", ms=300, batches=1))
            began = time.monotonic()
            stage.produce(["a"])
            await until(lambda: stage.taken() == ["a"])
            assert time.monotonic() - began >= 0.3
            assert await faults.active() == []
        finally:
            await runtime.stop()

    async def test_direct_invocations_are_spared(self, stage: Stage) -> None:
        runtime = stage.runtime("take")
        await runtime.start()
        try:
            faults = faults_of(runtime)
            await faults.apply(Duplicate("f", batches=1))
            event = {"records": {"x-0": [{"value": "YQ=="}]}}
            assert (await runtime.invoke(NAME, json.dumps(event).encode())).error is None
            assert await hits(faults, Duplicate("f")) == 0
        finally:
            await runtime.stop()


class TestConnections:
    @pytest.mark.parametrize(("status", "code"), [(410, "GoneException"), (429, "LimitExceededException")])
    async def test_next_posts_are_refused(self, cloud: Runtime, status: Any, code: str) -> None:
        faults = faults_of(cloud)
        async with client(cloud) as socket, management(cloud) as api:
            await socket.send('{"action": "echo"}')
            connection_id = json.loads(await socket.recv())["requestContext"]["connectionId"]
            await faults.apply(Connections(status, posts=2))
            for _ in range(2):
                with pytest.raises(ClientError) as refusal:
                    await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"lost")
                assert refusal.value.response["Error"]["Code"] == code
                assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
            await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"kept")
            assert await socket.recv() == "kept"
        assert await faults.active() == []

    async def test_only_posts_are_concerned_and_get_no_answer(self, cloud: Runtime) -> None:
        faults = faults_of(cloud)
        async with client(cloud) as socket, management(cloud) as api:
            await socket.send('{"action": "echo"}')
            connection_id = json.loads(await socket.recv())["requestContext"]["connectionId"]
            await faults.apply(Connections("none"))
            await asyncio.to_thread(api.get_connection, ConnectionId=connection_id)
            api.meta.config.read_timeout = 0.2
            with pytest.raises(ReadTimeoutError):
                await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"lost")
            await faults.clear()
            await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"kept")
            assert await socket.recv() == "kept"


class TestStop:
    async def test_everything_stops_whatever_is_in_force(self, stage: Stage, engines: Engines) -> None:
        runtime = stage.runtime("linger")
        await runtime.start()
        faults = faults_of(runtime)
        await faults.apply(Zombie("f", seconds=None))
        stage.produce(["a"])
        await until(lambda: stage.taken() and len(pids(runtime, NAME)) == 2)
        await faults.apply(Freeze("f"))
        await faults.apply(Pause("kafka"))
        workers = pids(runtime, NAME)
        assert len(workers) == 2
        began = time.monotonic()
        await runtime.stop()
        assert time.monotonic() - began < 15
        assert not any(psutil.pid_exists(pid) for pid in workers)
        assert engines.kafka.state == "runs"

    async def test_source_stops_although_kafka_is_down(self, stage: Stage, engines: Engines) -> None:
        runtime = stage.runtime()
        await runtime.start()
        try:
            stage.produce(["a"])
            await until(lambda: stage.taken() == ["a"])
            await faults_of(runtime).apply(Kill("kafka"))
            began = time.monotonic()
        finally:
            await runtime.stop()
        assert time.monotonic() - began < 10
        await engines.kafka.start()


class TestCommand:
    async def test_says_what_is_in_force(
        self, runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Instance.announce(tmp_path, admin_port=runtime.admin_port)

        async def run(*words: str) -> tuple[int, str]:
            status = await asyncio.to_thread(main, ["--root", str(tmp_path), *words])
            captured = capsys.readouterr()
            return status, captured.out + captured.err

        line = "freeze raw, workers 1, hits 1"
        assert await run("fault", "freeze", "raw", "--workers", "1") == (0, f"{line}\n")
        assert await run("fault", "list") == (0, f"{line}\n")
        _, status = await run("status")
        assert f"\nfault: {line}\n" in status
        assert "\nengines: valkey runs\n" in status
        assert await run("fault", "clear") == (0, "")
        assert await run("fault", "pause", "oracle") == (
            1,
            "natter-local: no engine is called oracle: there are valkey\n",
        )
        status_code, text = await run("fault", "delay", "raw", "--ms", "-1")
        assert (status_code, "greater than 0" in text) == (2, True)

    async def test_invoke_takes_the_end_of_a_name(
        self, runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Instance.announce(tmp_path, admin_port=runtime.admin_port)
        assert await asyncio.to_thread(main, ["--root", str(tmp_path), "invoke", "slow-one"]) == 0
        assert json.loads(capsys.readouterr().out) == {"statusCode": 200}
