"""Work that is not done: queues, the registry of connections, erasures."""

import asyncio

from local.cloud import Cloud
from tests.alarms import scene, table
from tests.alarms.bells import Bells
from tests.e2e.test_erasure import erase
from tests.support.api import Api
from tests.support.invoke import invoked
from tests.support.leftovers import database
from tests.support.queues import Queues
from tests.support.valkey import flush

WORKERS = ("post_slice", "settle_files", "presence", "wake", "rebuild", "close_connections")
SEVEN_HOURS_MS = 7 * 3600 * 1000


class TestQueues:
    async def test_queues_are_not_worked(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """First a message waits, since nobody is let in to work it; then it was handed out too often."""
        names = table.of("queues_are_not_worked", bells.names)
        talk, queues = await scene.Talk.begin(api), Queues(cloud)
        ages, deaths = ({name for name in names if name.endswith(ending)} for ending in ("-age", "-dead"))
        async with queues.coming_again():
            await scene.throttle(cloud, WORKERS)
            await asyncio.to_thread(queues.add, "{}")
            await bells.ring(ages)
            await asyncio.to_thread(queues.give_up)
            await queues.all_dead()
            await bells.ring(deaths)
        await cloud.faults.clear()
        await asyncio.to_thread(queues.purge)
        await bells.over(names, talk.go_on)


class TestPromises:
    async def test_the_cache_forgets(self, cloud: Cloud, bells: Bells) -> None:
        async def forget() -> None:
            await flush(cloud)
            await invoked(cloud, "rebuild", b"{}")

        names = table.of("the_cache_forgets", bells.names)
        await bells.ring(names, forget)
        await bells.over(names, lambda: invoked(cloud, "rebuild", b"{}"))

    async def test_an_erasure_waits(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """For the fold, which does not come to it; and by the database since this morning."""
        names = table.of("an_erasure_waits", bells.names)
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct, screen = await alice.direct(bob), await alice.connect()
        await screen.say(direct, "hello")
        await screen.reach(direct, 2)
        await scene.throttle(cloud, ["persist"])
        await erase(alice)
        with database(cloud) as rows:
            rows.execute(
                "UPDATE erasures SET requested_at = requested_at - %s WHERE user_id = %s",
                (SEVEN_HOURS_MS, alice.user_id),
            )
        await bells.ring(names, lambda: invoked(cloud, "erase", b"{}"))
        await cloud.faults.clear()
        await bells.over(names, lambda: invoked(cloud, "erase", b"{}"))
