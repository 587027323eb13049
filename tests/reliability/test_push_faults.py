"""With SNS and the queues away for a while, nobody who is there notices; who is away is woken late, and once (P7)."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial

import pytest

from local.cloud import Cloud
from local.faults import Duplicate, Pause, Resume
from tests.support.api import Api
from tests.support.phones import Phone, Shown, Sns, bodies
from tests.support.socket import message

MESSAGES = 3
AT_ONCE_S = 5.0
BACK_WITHIN_S = 60.0


@pytest.fixture
def sns(cloud: Cloud, outputs: Mapping[str, str]) -> Sns:
    return Sns(cloud.engines["localstack"].address, outputs["Region"])


def said(words: str, pushes: list[Shown]) -> bool:
    return words in bodies(pushes)


class TestPushesAway:
    async def test_messages_come_as_ever_and_pushes_late_and_once(self, api: Api, cloud: Cloud, sns: Sns) -> None:
        alice, bob, carol = await asyncio.gather(*(api.sign_up(name) for name in ("alice", "bob", "carol")))
        phone = Phone(sns)
        await phone.register(carol)
        chat = await alice.group(bob, carol)
        screen, tablet = await alice.connect(), await bob.connect()
        await screen.say(chat, message("before", "m0"))
        await tablet.event(chat, "m0")
        await phone.until(lambda pushes: bodies(pushes) == ["before"])

        await cloud.faults.apply(Pause("localstack"))
        try:
            for number in range(1, MESSAGES):
                began = time.monotonic()
                await screen.say(chat, message(f"message {number}", f"m{number}"))
                await tablet.event(chat, f"m{number}", within_s=AT_ONCE_S)
                assert time.monotonic() - began < AT_ONCE_S
        finally:
            await cloud.faults.apply(Resume("localstack"))
        expected = ["before", *(f"message {number}" for number in range(1, MESSAGES))]
        await phone.until(lambda pushes: sorted(bodies(pushes)) == expected, within_s=BACK_WITHIN_S)

    async def test_a_wave_that_comes_twice_wakes_nobody_twice(self, api: Api, cloud: Cloud, sns: Sns) -> None:
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        phone = Phone(sns)
        await phone.register(bob)
        chat, screen = await alice.direct(bob), await alice.connect()
        await cloud.faults.apply(Duplicate("wake", batches=2))
        for words in ("one", "two"):
            await screen.say(chat, message(words, words))
            await phone.until(partial(said, words))
        assert await cloud.faults.active() == []
        assert sorted(bodies(await phone.pushes())) == ["one", "two"]
