"""How much waits in queues, and how long, as SQS reports it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client

from . import counters
from .counters import Counters
from .meter import Meter

LOG = logging.getLogger("local.metrics")
EVERY_S = 60.0
"""SQS reports as often (Developer Guide, "Monitoring Amazon SQS queues using CloudWatch")."""
TIMEOUT_S = 5.0
_SHOWN = {"ShowInvisible": "true", "ShowDelayed": "true"}


class Depths:
    """
    Adds for each queue there is how many of its messages can be received, and the age of its oldest message, whether
    it can be received, is under way or waits for its time.

    AWS leaves out messages that were received three times and not deleted; here they count.
    """

    def __init__(self, meter: Meter, *, url: str, region: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        """Seconds since 1970."""
        self._meter = meter
        self._url = url
        self._region = region
        self._sampled_at = 0.0
        self._counters: dict[str, Counters] = {}

    async def sample(self) -> None:
        """Once in a minute, however often it is called."""
        if abs(self.clock() - self._sampled_at) < EVERY_S:
            return
        self._sampled_at = self.clock()
        try:
            found = await asyncio.to_thread(lambda: list(self._queues()))
        except (BotoCoreError, ClientError, requests.RequestException, ValueError) as error:
            LOG.warning("nobody knows what waits in queues: %s", error)
            return
        for name, messages in found:
            metrics = self._counters.setdefault(name, counters.of_queue(self._meter, name))
            metrics.add("ApproximateNumberOfMessagesVisible", sum(message.visible for message in messages))
            oldest = min((message.sent_at for message in messages), default=None)
            metrics.add(
                "ApproximateAgeOfOldestMessage", 0 if oldest is None else max(0.0, self.clock() - oldest), "Seconds"
            )

    def _queues(self) -> Iterator[tuple[str, list["_Message"]]]:
        """Blocks."""
        sqs = client("sqs", self._url, self._region)
        for page in sqs.get_paginator("list_queues").paginate():
            for url in page.get("QueueUrls", ()):
                name = str(url).rpartition("/")[2]
                yield name, [_Message(each) for each in self._messages(url)]

    def _messages(self, queue: str) -> list[Mapping[str, Any]]:
        """Those of a queue, by LocalStack's way of looking at them without receiving them."""
        answer = requests.get(
            f"{self._url}/_aws/sqs/messages",
            params={"QueueUrl": queue, **_SHOWN},
            headers={"Accept": "application/json"},
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        found = (answer.json()["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}).get("Message", [])
        return found if isinstance(found, list) else [found]


class _Message:
    def __init__(self, message: Mapping[str, Any]) -> None:
        named = {each["Name"]: each["Value"] for each in message["Attribute"]}
        self.sent_at = int(named["SentTimestamp"]) / 1000
        self.visible = named["IsVisible"] == "true" and named["IsDelayed"] == "false"
