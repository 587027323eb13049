"""Users feel it: the budgets of the service levels are spent."""

import asyncio

from local.cloud import Cloud
from local.faults import Delay, Pause
from tests.alarms import scene, table
from tests.alarms.bells import DAY_S, Bells
from tests.support.api import Api
from tests.support.socket import message

FEW, EACH = 3, 16
"""Bad attempts, and messages of each of two people that come late: as many as somebody is told for."""
LATE_MS, LATE_S = 400, 60


class TestLevels:
    async def test_users_feel_it(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """On one day engines are away, on others nobody is let in; and every day messages come late."""
        names = table.of("users_feel_it", bells.names)
        leaks = {name for name in names if name.endswith("-leak-3d")}
        user, *talks = await asyncio.gather(api.sign_up(), scene.Talk.begin(api), scene.Talk.begin(api))

        async def goes_on(times: int = 1) -> None:
            await asyncio.gather(*(talk.go_on(times) for talk in talks))

        async def late() -> None:
            await cloud.faults.apply(Delay("persist", ms=LATE_MS, seconds=LATE_S))
            await goes_on(EACH)
            await cloud.faults.clear()

        async def attempts() -> None:
            frame = {"action": "send", "conversation_id": talks[0].chat, "messages": [message("hello")]}
            answers = await asyncio.gather(*(talks[0].speaker.ask(frame) for _ in range(FEW)))
            assert all(answer.get("type") != "ack" for answer in answers)
            await asyncio.gather(*(scene.is_not_connected(user) for _ in range(FEW)))

        async def away() -> None:
            await late()
            for engine in ("kafka", "valkey"):
                await cloud.faults.apply(Pause(engine))
            await attempts()
            await cloud.faults.clear()

        async def closed() -> None:
            await late()
            await scene.throttle(cloud, ["send", "connect"])
            await attempts()
            await cloud.faults.clear()

        await bells.minute(goes_on)
        await bells.ring(names - leaks, away)
        await bells.over(names - leaks, goes_on, lasts_s=DAY_S // 2)
        await bells.ring(leaks, closed, lasts_s=DAY_S)
        await bells.over(leaks, goes_on, lasts_s=DAY_S)
