"""Work that is not done: queues, the registry of connections, erasures."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from local.aws import client
from local.cloud import Cloud
from tests.alarms import scene, table
from tests.alarms.bells import Bells
from tests.e2e.test_erasure import erase
from tests.support.api import Api
from tests.support.invoke import invoked
from tests.support.leftovers import database
from tests.support.valkey import flush

WORKERS = ("post_slice", "settle_files", "presence", "wake", "rebuild", "close_connections")
DEAD_WITHIN_S = 60.0
MOST_RECEIVES = 1_000
"""More cannot be asked for."""
AGAIN_S = 1
"""A message that nobody has worked is handed out again."""
SEVEN_HOURS_MS = 7 * 3600 * 1000


class Queues:
    """Those that have dead letters."""

    def __init__(self, cloud: Cloud) -> None:
        self._sqs: Any = client("sqs", cloud.engines["localstack"].address, cloud.app.outputs["Region"])
        urls = [str(url) for url in self._sqs.list_queues()["QueueUrls"]]
        self.dead = [url for url in urls if url.endswith("-dead")]
        self._worked = [url.removesuffix("-dead") for url in self.dead]

    def add(self, body: str) -> None:
        for url in self._worked:
            self._sqs.send_message(QueueUrl=url, MessageBody=body)

    def give_up(self) -> None:
        """Take a message for dead that was handed out once."""
        self._give_up_after(1)

    def purge(self) -> None:
        for url in self.dead:
            self._sqs.purge_queue(QueueUrl=url)

    def all_dead(self) -> bool:
        return all(self._attributes(url)["ApproximateNumberOfMessages"] != "0" for url in self.dead)

    @asynccontextmanager
    async def coming_again(self) -> AsyncIterator[None]:
        """What was handed out is soon handed out again, as often as it takes; afterwards all is as it was."""
        before = {url: self._attributes(url) for url in self._worked}
        for url in self._worked:
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(AGAIN_S)})
        self._give_up_after(MOST_RECEIVES)
        try:
            yield
        finally:
            for url, attributes in before.items():
                kept = {name: attributes[name] for name in ("VisibilityTimeout", "RedrivePolicy")}
                self._sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)

    def _give_up_after(self, receives: int) -> None:
        for url in self._worked:
            policy = json.loads(self._attributes(url)["RedrivePolicy"]) | {"maxReceiveCount": receives}
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})

    def _attributes(self, url: str) -> dict[str, str]:
        return dict(self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


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
            async with asyncio.timeout(DEAD_WITHIN_S):
                while not await asyncio.to_thread(queues.all_dead):  # noqa: ASYNC110 - another process changes it
                    await asyncio.sleep(scene.LOOK_S)
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
