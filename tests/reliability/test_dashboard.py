"""The dashboard of a local cloud in which people talk: every widget shows something, but those of AWS's engines."""

import asyncio
import time

from local.cloud import Cloud
from local.metrics.series import Series
from tests.support.api import Api

WITHIN_S = 60.0
LOOK_S = 0.2
OF_AWS = ("Kafka: ", "Keyspaces: ", "Valkey: ", "PostgreSQL: ", "Lambda: ")
"""How the titles begin of what only AWS's services report."""
OF_FAULTS = {"Set aside", "Records given back", "Invocations not let in", "Legs that failed"}
"""What shows something only when something is wrong."""


def shown(lines: dict[str, Series | None]) -> bool:
    return any(point is not None for line in lines.values() for point in line or ())


class TestDashboard:
    async def test_every_widget_shows_something_when_people_talk(self, cloud: Cloud, api: Api) -> None:
        metrics = cloud.runtime.metrics
        assert metrics is not None
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        chat, screen, other = await alice.direct(bob), await alice.connect(), await bob.connect()
        (client_id,) = await screen.say(chat, "hello")
        await other.event(chat, client_id)
        await screen.ping()
        await screen.close()
        for schedule in cloud.runtime.schedules.status():
            cloud.runtime.schedules.trigger(schedule["name"])
        (dashboard,) = metrics.charts.dashboards.values()
        end = time.monotonic() + WITHIN_S
        while empty := {
            widget.title
            for widget in dashboard.widgets
            if widget.kind == "metric"
            and not widget.title.startswith(OF_AWS)
            and widget.title not in OF_FAULTS
            and not shown(metrics.charts.lines(widget))
        }:
            assert time.monotonic() < end, f"empty: {empty}"
            await asyncio.sleep(LOOK_S)
            await metrics.flush()
