"""EventBridge's schedules: each invokes its functions asynchronously when it comes due, or when asked to."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local.model import Schedule
from local.runtime.functions import Lambda

from .expressions import Next, due
from .schedule_events import event

LONGEST_SLEEP_S = 3600.0
"""After which the clock is looked at again: it may have been set, or the machine have slept."""


class UnknownScheduleError(LookupError):
    """No schedule has this name."""


class Schedules:
    """The schedules of an app, between `start` and `stop`."""

    def __init__(self, schedules: Sequence[Schedule], functions: Lambda) -> None:
        """
        Raises:
            ValueError: an expression that EventBridge would not take.
        """
        self._functions = functions
        began = datetime.now(UTC)
        self._due: dict[str, Next] = {}
        self._by_name: dict[str, Schedule] = {}
        for schedule in schedules:
            self._by_name |= {schedule.logical_id: schedule, schedule.name: schedule}
            self._due[schedule.name] = due(schedule.expression, timezone=schedule.timezone, began=began)
        self._schedules = schedules
        self._fired = dict.fromkeys(self._due, 0)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(schedule), name=f"schedule {schedule.name}")
            for schedule in self._schedules
            if schedule.enabled
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def trigger(self, name: str) -> None:
        """
        Invoke the targets of a schedule (by name or logical id) as if it were due now, also if it is disabled.

        Raises:
            UnknownScheduleError: there is no such schedule.
        """
        schedule = self._by_name.get(name)
        if schedule is None:
            raise UnknownScheduleError(name)
        self._fire(schedule, datetime.now(UTC))

    def status(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        return [
            {
                "name": schedule.name,
                "expression": schedule.expression,
                "next": _text(self._due[schedule.name](now)) if schedule.enabled else None,
                "fired": self._fired[schedule.name],
            }
            for schedule in self._schedules
        ]

    async def _run(self, schedule: Schedule) -> None:
        moment = datetime.now(UTC)
        while (upcoming := self._due[schedule.name](moment)) is not None:
            wait_s = (upcoming - datetime.now(UTC)).total_seconds()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, LONGEST_SLEEP_S))
                continue
            self._fire(schedule, upcoming)
            moment = max(upcoming, datetime.now(UTC))  # what the machine has slept through is not made up for

    def _fire(self, schedule: Schedule, at: datetime) -> None:
        self._fired[schedule.name] += 1
        for target in schedule.targets:
            self._functions.invoke_async(target.function_arn, event(schedule, target, at=at))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
