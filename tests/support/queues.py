"""Queues that have dead letters, in a running local cloud, reached from outside."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from local.aws import client
from local.cloud import Cloud

MOST_RECEIVES = 1_000
"""More cannot be asked for."""
AGAIN_S = 1
"""A message that nobody has worked is handed out again."""
LOOK_S = 0.05
WITHIN_S = 60.0


class Queues:
    """Those of these names; of none, all."""

    def __init__(self, cloud: Cloud, *names: str) -> None:
        self._cloud = cloud
        self._sqs: Any = client("sqs", cloud.engines["localstack"].address, cloud.app.outputs["Region"])
        urls = [str(url) for url in self._sqs.list_queues()["QueueUrls"]]
        self.dead = [url for url in urls if url.endswith("-dead")]
        if names:
            self.dead = [url for url in self.dead if url.endswith(tuple(f"-{name}-dead" for name in names))]
        self._worked = [url.removesuffix("-dead") for url in self.dead]
        self.all = [*self._worked, *self.dead]

    def add(self, body: str) -> None:
        for url in self._worked:
            self._sqs.send_message(QueueUrl=url, MessageBody=body)

    def give_up(self) -> None:
        """Take a message for dead that was handed out once."""
        self._give_up_after(1)

    def purge(self) -> None:
        """Also of what waits to be worked."""
        for url in self.all:
            self._sqs.purge_queue(QueueUrl=url)

    async def all_dead(self) -> None:
        """
        Wait until there is something among the dead letters of each.

        Raises:
            TimeoutError: there is not.
        """
        async with asyncio.timeout(WITHIN_S):
            while not all([await asyncio.to_thread(self.count, url) for url in self.dead]):  # noqa: ASYNC110 - as below
                await asyncio.sleep(LOOK_S)

    def count(self, url: str) -> int:
        """Of all messages in a queue, also those under way."""
        found = self._attributes(url)
        return sum(int(value) for name, value in found.items() if name.startswith("ApproximateNumberOf"))

    @asynccontextmanager
    async def coming_again(self) -> AsyncIterator[None]:
        """What was handed out is soon handed out again, as often as it takes; afterwards all is as it was."""
        before, names = {url: self._attributes(url) for url in self._worked}, [*map(_name, self._worked)]
        for url in self._worked:
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(AGAIN_S)})
        self._give_up_after(MOST_RECEIVES)
        try:
            await polled_anew(self._cloud, names)
            yield
        finally:
            for url, attributes in before.items():
                kept = {name: attributes[name] for name in ("VisibilityTimeout", "RedrivePolicy")}
                self._sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)
            await polled_anew(self._cloud, names)  # else what is handed out twice yet may be taken for dead

    def _give_up_after(self, receives: int) -> None:
        for url in self._worked:
            policy = json.loads(self._attributes(url)["RedrivePolicy"]) | {"maxReceiveCount": receives}
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})

    def _attributes(self, url: str) -> dict[str, str]:
        return dict(self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def _name(url: str) -> str:
    return url.rpartition("/")[2]


async def polled_anew(cloud: Cloud, names: Sequence[str]) -> None:
    """
    Wait until nobody receives from these queues any more who has begun before: LocalStack hands out to a long poll
    what comes within its 20 s as the queue's attributes were when it began.
    """

    def polls() -> dict[str, int]:
        sources = cloud.runtime.status()["sources"]
        return {each["queue"]: each["polls"] for each in sources if each.get("queue") in names}

    before = polls()
    async with asyncio.timeout(WITHIN_S):
        while any(now == before[name] for name, now in polls().items()):  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(LOOK_S)
