"""Everybody loses their connection at once, and comes again while others are talking: nobody misses anything."""

from asyncio import TaskGroup

from local.cloud import Cloud
from local.faults import HangUp
from tests.support.throng import throng
from tests.support.until import until

USERS, DEVICES_EACH, CIRCLE = 25, 12, 5
"""Each has more than half as many connections as a user may: those before have to give way, or to be forgotten."""
TIMES, EVERY_S = 4, 1.0
WELL_WITHIN_S = 120.0


class TestReconnect:
    async def test_three_hundred_devices_come_back_and_have_seen_everything(self, cloud: Cloud) -> None:
        """P1, P2."""
        async with throng(cloud.app.outputs, users=USERS, each=DEVICES_EACH, circle=CIRCLE, conversations=1) as here:
            await here.connect(here.devices, at_once=CIRCLE, known=True)
            async with TaskGroup() as group:
                group.create_task(here.talk(times=TIMES, every_s=EVERY_S))
                await cloud.faults.apply(HangUp())
            await until(lambda: here.unwell() == 0, "all are well", within_s=WELL_WITHIN_S)
            assert await here.lost() == []
            assert here.tally.ends >= USERS * DEVICES_EACH, "all were cut"
            assert here.tally.synced > 0, "something was said before they were back"
