"""Visitors of the deployment's own talk through its public URLs; what lets them down is named, in bounded time."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from local.cloud import Cloud
from local.faults.values import Pause, Resume
from local.metrics.emf import MARK, readings
from natter.metrics import LEGS
from tests.conftest import LOGS
from tests.support.api import Api
from tests.support.invoke import invoked

LOG = LOGS / "natter-local-visit.log"
WELL_WITHIN_S = 150.0
WITHIN_S = 55.0
"""A visit is over before the next one is due, whatever hangs."""


def stated(since: int) -> Mapping[tuple[str, str | None], Sequence[float]]:
    """What was measured in the log from a place on: by metric and leg."""
    found: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    for line in LOG.read_bytes()[since:].splitlines():
        for metric, value in readings(line) if MARK in line else ():
            found[metric.name, dict(metric.dimensions).get("Leg")].append(value)
    return found


def place() -> int:
    return LOG.stat().st_size if LOG.exists() else 0


async def all_is_well(cloud: Cloud) -> dict[str, Any]:
    """What a visit says that fails nowhere: functions have started by then, and what was away is back."""
    async with asyncio.timeout(WELL_WITHIN_S):
        while (answer := await invoked(cloud, "visit", b"{}"))["failed"]:
            pass
    return answer


class TestVisit:
    async def test_every_leg_is_gone_and_measured(self, cloud: Cloud) -> None:
        await all_is_well(cloud)
        before = place()
        answer = await all_is_well(cloud)
        assert set(answer["legs"]) == set(LEGS)
        measured = stated(before)
        assert measured["VisitsFailed", None][-1] == 0
        assert {leg for name, leg in measured if name == "VisitTime"} == set(LEGS)
        assert len(measured["VisitTime", "connect"]) == 2 * len(measured["VisitTime", "read"])

    async def test_nobody_meets_them(self, cloud: Cloud, api: Api) -> None:
        """Only their schedule has them come, and it is off where tests and benchmarks count what happens."""
        (schedule,) = [each for each in cloud.runtime.schedules.status() if each["name"] == "natter-local-visit"]
        assert schedule["next"] is None
        alice = await api.sign_up("alice")
        found = (await alice.call("GET", "/v1/users", query={"username": "visitor"})).expect(200)
        assert found["items"] == []

    @pytest.mark.parametrize(
        ("engine", "failed", "nevertheless"),
        [("postgres", ["sign-in"], False), ("kafka", ["send"], False), ("webpush", ["push"], True)],
        ids=["postgres", "kafka", "webpush"],
    )
    async def test_what_hangs_is_named(
        self, cloud: Cloud, engine: str, failed: list[str], *, nevertheless: bool
    ) -> None:
        """And what does not rest on it goes on."""
        await all_is_well(cloud)
        before, began = place(), time.monotonic()
        await cloud.faults.apply(Pause(engine))
        try:
            answer = await invoked(cloud, "visit", b"{}")
        finally:
            await cloud.faults.apply(Resume(engine))
        assert time.monotonic() - began < WITHIN_S
        assert answer["failed"] == failed
        assert ("read" in answer["legs"]) == nevertheless
        measured = stated(before)
        assert measured["VisitsFailed", None] == [1]
        assert [leg for name, leg in measured if name == "VisitFailures"] == failed
        assert f'"leg":"{failed[0]}"' in LOG.read_text()[before:]
        await all_is_well(cloud)
