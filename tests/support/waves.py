"""The queues of those who may have to be woken, in a running local cloud: what waits there, looked at from outside."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import boto3
import requests

from local.cloud import Cloud
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave
from natter.records.push import dump_wave
from tests.support.api import User
from tests.support.lag import caught_up, lags
from tests.support.leftovers import database
from tests.support.queues import polled_anew

LOOK_S = 0.1
TIMEOUT_S = 10
PATIENCE_S = 90.0
_SHOWN = {"ShowInvisible": "true", "ShowDelayed": "true"}


class Waves:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._region = cloud.app.outputs["Region"]
        self._sqs = boto3.client(
            "sqs",
            endpoint_url=self.endpoint,
            region_name=self._region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @property
    def endpoint(self) -> str:
        return self._cloud.engines["localstack"].address

    async def add(self, *waves: Wave) -> None:
        def add() -> None:
            for each in waves:
                self._sqs.send_message(QueueUrl=self._url(), MessageBody=dump_wave(each))

        await asyncio.to_thread(add)

    def there_since(self, chat: str, at: int) -> None:
        """Its members were there at that time (milliseconds): nobody is woken for what was said before they were."""
        with database(self._cloud) as postgres:
            postgres.execute("UPDATE members SET joined_at = %s WHERE conversation_id = %s", (at, chat))

    def waiting(self, chat: str) -> Sequence[str]:
        """All that has to do with the conversation, whether it waits for its time or is under way."""
        return self._of(chat, "waves", "crowds")

    def dead(self, chat: str) -> Sequence[str]:
        """What has to do with the conversation and came to nothing."""
        return self._of(chat, "waves-dead")

    def _of(self, chat: str, *names: str) -> Sequence[str]:
        found: list[str] = []
        for name in names:
            answer = requests.get(
                f"{self.endpoint}/_aws/sqs/messages/{self._region}/000000000000/natter-local-{name}",
                params=_SHOWN,
                headers={"Accept": "application/json"},
                timeout=TIMEOUT_S,
            ).json()
            messages = answer["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}
            several = messages.get("Message", [])
            found += [each["Body"] for each in (several if isinstance(several, list) else [several])]
        return [body for body in found if chat in body]

    async def handled(self, chat: str, *, within_s: float = PATIENCE_S) -> None:
        """
        Wait until nobody is to be looked at any more because of the conversation.

        Raises:
            AssertionError: somebody still is.
        """
        end = time.monotonic() + within_s
        await caught_up(self._cloud, within_s=within_s, of=("-persist", "-push"))
        while left := await asyncio.to_thread(self.waiting, chat):
            assert time.monotonic() < end, f"still on their way: {left}"
            await asyncio.sleep(LOOK_S)

    def is_behind(self) -> bool:
        """Whether `push` has something left to add to the queue."""
        return any(name.endswith("-push") for name in lags(self._cloud))

    @asynccontextmanager
    async def coming_again(self, *, after_s: int) -> AsyncIterator[None]:
        """What is given back, or never answered, is handed out again so soon; else six times `wake`'s time limit."""
        async with self._being({"VisibilityTimeout": str(after_s)}):
            yield

    @asynccontextmanager
    async def dying(self, *, after_s: int) -> AsyncIterator[None]:
        """What is given back is a dead letter so soon; else when that was seven times."""
        found = (await asyncio.to_thread(self._attributes))["RedrivePolicy"]
        policy = json.loads(found) | {"maxReceiveCount": 1}
        async with self._being({"VisibilityTimeout": str(after_s), "RedrivePolicy": json.dumps(policy)}):
            yield

    @asynccontextmanager
    async def _being(self, changed: Mapping[str, str]) -> AsyncIterator[None]:
        """
        With other attributes of the queue; not while it hangs, when it begins or ends.

        A wave of nobody ends the poll that has begun with those from before, which would hold for what it hands out.
        """
        found = await asyncio.to_thread(self._attributes)
        before = {name: value for name, value in found.items() if name in changed}
        try:
            await self._set(changed)
            yield
        finally:
            await self._set(before)

    def _attributes(self) -> Mapping[str, str]:
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["All"])["Attributes"]
        return {str(name): value for name, value in attributes.items()}

    async def _set(self, attributes: Mapping[str, Any]) -> None:
        await asyncio.to_thread(
            lambda: self._sqs.set_queue_attributes(QueueUrl=self._url(), Attributes=dict(attributes))  # type: ignore[arg-type]  # names of it
        )
        await asyncio.gather(polled_anew(self._cloud, ["natter-local-waves"]), self.add(Wave()))

    def _url(self) -> str:
        return self._sqs.get_queue_url(QueueName="natter-local-waves")["QueueUrl"]


def a_wave(chat: str, seq: int, *recipients: User, sender: User, at: int) -> Wave:
    """That `recipients` are to be looked at for one message, which happened at `at` (milliseconds)."""
    message = Message(conversation_id=ConversationId(chat), seq=seq, at=at, sender_id=UserId(sender.user_id))
    users = tuple(UserId(each.user_id) for each in recipients)
    return Wave(candidates=(Candidates(messages=(message,), users=users),))
