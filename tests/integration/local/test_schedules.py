"""Schedules that invoke real functions."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.background import Instance
from local.gateway.server import Runtime
from local.model import Schedule, Target

from .conftest import app, arn, function, until


def schedule(name: str, expression: str = "rate(1 day)", **more: Any) -> Schedule:
    fields: dict[str, Any] = {
        "logical_id": f"{name.title()}1A2B",
        "name": name,
        "arn": f"arn:aws:events:eu-central-1:000000000000:rule/{name}",
        "source": "aws.events",
        "expression": expression,
        "targets": (Target(function_arn=arn("record")),),
        **more,
    }
    return Schedule(**fields)


class Stage:
    def __init__(self, interpreter: Path, root: Path) -> None:
        self._interpreter, self._root = interpreter, root
        self._record = root / "record.jsonl"

    def runtime(self, *schedules: Schedule) -> Runtime:
        record = function(self._root / "code", "record", environment={"RECORD": str(self._record)})
        return Runtime(
            app(functions=[record], schedules=schedules),
            interpreter=self._interpreter,
            root=self._root,
            kafka_bootstrap=None,
            extra_env={},
        )

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._record.read_text().splitlines()] if self._record.exists() else []


class TestSchedules:
    async def test_trigger_invokes_at_once_with_the_event_of_aws(self, interpreter: Path, tmp_path: Path) -> None:
        stage = Stage(interpreter, tmp_path)
        runtime = stage.runtime(schedule("sweep"))
        before = datetime.now(UTC).replace(microsecond=0)
        await runtime.start()
        try:
            runtime.schedules.trigger("sweep")
            (event,) = await until(stage.events)
        finally:
            await runtime.stop()
        assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
        assert event["resources"] == ["arn:aws:events:eu-central-1:000000000000:rule/sweep"]
        assert before <= datetime.fromisoformat(event["time"]) <= datetime.now(UTC)

    async def test_every_target_gets_its_input(self, interpreter: Path, tmp_path: Path) -> None:
        stage = Stage(interpreter, tmp_path)
        targets = tuple(Target(function_arn=arn("record"), input=json.dumps({"n": n})) for n in range(2))
        runtime = stage.runtime(schedule("sweep", targets=targets, enabled=False))
        await runtime.start()
        try:
            runtime.schedules.trigger("Sweep1A2B")
            await until(lambda: len(stage.events()) == 2)
        finally:
            await runtime.stop()
        assert sorted(event["n"] for event in stage.events()) == [0, 1]

    async def test_what_is_due_runs_by_itself_once(self, interpreter: Path, tmp_path: Path) -> None:
        stage = Stage(interpreter, tmp_path)
        moment = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
        runtime = stage.runtime(schedule("soon", f"at({moment})"), schedule("never", f"at({moment})", enabled=False))
        await runtime.start()
        try:
            (event,) = await until(stage.events)
            soon, never = runtime.status()["schedules"]
            assert (soon["name"], soon["next"], soon["fired"]) == ("soon", None, 1)
            assert (never["name"], never["next"], never["fired"]) == ("never", None, 0)
        finally:
            await runtime.stop()
        assert event["time"] == f"{moment}Z"

    async def test_status_says_when_it_is_due(self, interpreter: Path, tmp_path: Path) -> None:
        runtime = Stage(interpreter, tmp_path).runtime(schedule("hourly", "rate(1 hour)"))
        (status,) = runtime.status()["schedules"]
        left = datetime.fromisoformat(status["next"]) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    async def test_is_triggered_from_outside(self, interpreter: Path, tmp_path: Path) -> None:
        stage = Stage(interpreter, tmp_path)
        runtime = stage.runtime(schedule("sweep"))
        await runtime.start()
        try:
            instance = Instance(str(tmp_path), pid=0, started=0.0, admin_port=runtime.admin_port)
            assert await asyncio.to_thread(instance.trigger, "sweep")
            assert not await asyncio.to_thread(instance.trigger, "other")
            await until(stage.events)
        finally:
            await runtime.stop()
