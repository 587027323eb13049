"""Users feel it: the budgets of the service levels are spent."""

import asyncio

from local.cloud import Cloud
from local.faults import Delay, Pause
from tests.alarms import scene, table
from tests.alarms.bells import DAY_S, Bells
from tests.alarms.test_functions import _is_not_connected
from tests.support.api import Api

FEW, MANY = 3, 31
"""Bad attempts, and messages that come late: as many as somebody is told for."""
LATE_MS = 400


class TestLevels:
    async def test_users_feel_it(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """On one day engines are away, on two others functions are; and every day messages come late."""
        names = table.of("users_feel_it", bells.names)
        leaks = {name for name in names if name.endswith("-leak-3d")}
        user = await api.sign_up()
        talk, tickets = await scene.Talk.begin(api), [(await user.ticket())["url"] for _ in range(FEW * 8)]
        await bells.minute(talk.go_on)

        async def late() -> None:
            await cloud.faults.apply(Delay("persist", ms=LATE_MS, seconds=60))
            await talk.go_on(MANY)
            await cloud.faults.clear()

        async def attempts() -> None:
            frame = {"action": "send", "conversation_id": talk.chat, "messages": []}
            sent = (talk.speaker.say(talk.chat, "hello") for _ in range(FEW))
            refused = await asyncio.gather(*sent, return_exceptions=True)
            assert all(isinstance(each, AssertionError) for each in refused), frame
            await asyncio.gather(*(_is_not_connected(api, tickets.pop()) for _ in range(FEW)))

        async def away() -> None:
            await late()
            for engine in ("kafka", "postgres", "valkey"):
                await cloud.faults.apply(Pause(engine))
            await attempts()
            await cloud.faults.clear()

        async def closed() -> None:
            await late()
            await scene.throttle(cloud, ["send", "connect"])
            await attempts()
            await cloud.faults.clear()

        await bells.ring(names - leaks, away)
        await bells.over(names - leaks, talk.go_on, lasts_s=DAY_S // 2)
        await bells.ring(leaks, closed, lasts_s=DAY_S)
        await bells.over(leaks, talk.go_on, lasts_s=DAY_S)
