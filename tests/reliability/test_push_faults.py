"""
Something fails on the way of pushes: people who are there notice nothing, and who is away is woken late, or not at all
after an hour, and never twice for a message on a device (P7, P9).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from statistics import median

import pytest

from local.cloud import Cloud
from local.faults import Duplicate, Kill, Pause, Resume, Service
from natter.domain.push.waking import MAX_AGE_MS
from tests.support.api import Api, User
from tests.support.browsers import browsers
from tests.support.lag import lags
from tests.support.phones import Phone, Shown, Sns, bodies, with_phone
from tests.support.socket import Socket
from tests.support.until import until
from tests.support.valkey import flush
from tests.support.waves import Waves, a_wave

PAIRS, ROUNDS = 5, 20
AWAY = 5
AGAIN_S = 4
"""A wave that is given back, or whose function died, is handed out again."""
LEFT_MS = 4_000
"""Until a message is an hour old."""
PATIENCE_S = 60.0
LOOK_S = 0.05
SLOWER = 5
"""Times; with what a busy machine adds. A call of a service that hangs is waited for for a second at least."""
NOISE_S = 0.1


@pytest.fixture
def sns(cloud: Cloud) -> Sns:
    return Sns(cloud.engines["localstack"].address, cloud.app.outputs["Region"])


@pytest.fixture
async def waves(cloud: Cloud) -> AsyncIterator[Waves]:
    """Looked at in a cloud in which nothing fails any more afterwards."""
    waves = Waves(cloud)
    async with waves.coming_again(after_s=AGAIN_S):
        yield waves
        await cloud.faults.clear()


async def struck(cloud: Cloud, *, times: int) -> None:
    """Wait until calls that fail have been made so often; those that were used up are no more in force."""
    end = time.monotonic() + PATIENCE_S
    while (active := await cloud.faults.active()) and sum(each.hits for each in active) < times:
        assert time.monotonic() < end, f"only {active}"
        await asyncio.sleep(LOOK_S)


async def unheard(api: Api, sns: Sns, waves: Waves, sender: User, screen: Socket) -> tuple[str, User, Phone]:
    """Somebody to whom something was said before they had a phone: its wave is whatever a test makes of it."""
    user, phone = await api.sign_up("carol"), Phone(sns)
    chat = await sender.direct(user)
    await screen.say(chat, "hello")
    await screen.reach(chat, 2)
    await waves.handled(chat)
    await phone.register(user)
    return chat, user, phone


class Talk:
    """Pairs who talk, everybody as fast as they are heard."""

    def __init__(self, pairs: Sequence[tuple[str, Socket, Socket]]) -> None:
        self._pairs = pairs

    @classmethod
    async def begin(cls, api: Api) -> "Talk":
        async def pair(number: int) -> tuple[str, Socket, Socket]:
            one, other = await asyncio.gather(api.sign_up(f"one{number}"), api.sign_up(f"other{number}"))
            return await one.direct(other), await one.connect(), await other.connect()

        return cls(await asyncio.gather(*map(pair, range(PAIRS))))

    async def go_on(self) -> list[float]:
        """From the call to the other's screen, of each message (s)."""
        return [took for some in await asyncio.gather(*(self._said(*pair) for pair in self._pairs)) for took in some]

    async def _said(self, chat: str, speaker: Socket, listener: Socket) -> list[float]:
        took = []
        for number in range(ROUNDS):
            began = time.perf_counter()
            (client_id,) = await speaker.say(chat, f"message {number}")
            await listener.event(chat, client_id, within_s=PATIENCE_S)
            took.append(time.perf_counter() - began)
        return took


class TestLocalStackPaused:
    """
    SNS and SQS hang, and so do keys, secrets and files: who is signed in and talks does not need those. A function that
    asks PostgreSQL for the first time does, so these are conversations in which something was said before.
    """

    async def test_nothing_on_the_way_of_a_message_waits_and_pushes_come_late_and_once(
        self, cloud: Cloud, api: Api, sns: Sns, waves: Waves
    ) -> None:
        alice, (reader, seen) = await asyncio.gather(api.sign_up("alice"), with_phone(api, sns, "reader"))
        away = await asyncio.gather(*(with_phone(api, sns, f"away{number}") for number in range(AWAY)))
        phones = [seen, *(phone for _, phone in away)]
        chats = [await alice.direct(user) for user, _ in away]
        read = await alice.direct(reader)
        screen, talk = await alice.connect(), await Talk.begin(api)
        for chat in (read, *chats):
            await screen.say(chat, "before")
        before, _ = await asyncio.gather(talk.go_on(), asyncio.gather(*(phone.until(bool) for phone in phones)))
        laptop = await (await reader.on_another_device()).connect()
        await laptop.ping()

        await cloud.faults.apply(Pause("localstack"))
        for chat in chats:
            await screen.say(chat, "hello")
        await until(waves.is_behind, "push waits for SQS")
        assert (await laptop.ask({"action": "read", "conversation_id": read, "seq": 2}))["type"] == "ok"
        meanwhile = await talk.go_on()
        await until(lambda: all(name.endswith("-push") for name in lags(cloud)), "others are behind, too")
        assert median(meanwhile) < SLOWER * median(before) + NOISE_S
        assert (await cloud.faults.active())[0].fault == Pause("localstack"), "all of that while it hung"

        await cloud.faults.apply(Duplicate("wake", seconds=PATIENCE_S, concurrently=True))
        await cloud.faults.apply(Resume("localstack"))
        await asyncio.gather(*(phone.until(is_told, within_s=PATIENCE_S) for _, phone in away))
        for chat in chats:
            await waves.handled(chat)
        assert [bodies(await phone.pushes()) for _, phone in away] == [["before", "hello"]] * AWAY


def is_told(pushes: list[Shown]) -> bool:
    return "hello" in bodies(pushes)


class TestSnsAlone:
    async def test_what_it_refuses_is_tried_again_until_its_hour_is_over(
        self, cloud: Cloud, api: Api, sns: Sns, waves: Waves
    ) -> None:
        alice, (bob, phone) = await asyncio.gather(api.sign_up("alice"), with_phone(api, sns, "bob"))
        fresh, screen = await alice.direct(bob), await alice.connect()
        stale, carol, silent = await unheard(api, sns, waves, alice, screen)

        await cloud.faults.apply(Service("sns", "throttled"))
        at = time.time_ns() // 1_000_000 - MAX_AGE_MS + LEFT_MS
        waves.there_since(stale, at)
        await waves.add(a_wave(stale, 2, carol, sender=alice, at=at))
        await struck(cloud, times=1)
        await screen.say(fresh, "hello")
        await struck(cloud, times=3)
        await waves.handled(stale)
        assert waves.waiting(fresh), "who was spoken to just now is not given up"
        await cloud.faults.clear()

        await phone.until(bool, within_s=PATIENCE_S)
        await waves.handled(fresh)
        assert bodies(await phone.pushes()) == ["hello"]
        assert await silent.pushes() == []

    @pytest.mark.parametrize("killed", [False, True], ids=["hangs", "and wake is killed"])
    async def test_what_it_does_not_answer_is_not_told_again(
        self, cloud: Cloud, api: Api, sns: Sns, waves: Waves, *, killed: bool
    ) -> None:
        """One of two pushes got through and nobody knows which: neither is repeated. Browsers are woken meanwhile."""
        alice, (bob, phone), dave = await asyncio.gather(
            api.sign_up("alice"), with_phone(api, sns, "bob"), api.sign_up("dave")
        )
        tablet = Phone(sns)
        await tablet.register(await bob.on_another_device())
        group, screen = await alice.group(bob, dave), await alice.connect()
        key = (await api.call("GET", "/v1/push/web-key")).expect(200)["public_key"]
        async with browsers(cloud.app.outputs) as here:
            browser = await here.subscribe(key)
            (await browser.register(dave)).expect(204)
            for answer in ("none", "lost"):
                await cloud.faults.apply(Service("sns", answer, calls=1))
            failures = given_back(cloud)
            await screen.say(group, "hello")
            await struck(cloud, times=2)
            if killed:
                await browser.until(bool)
                await cloud.faults.apply(Kill("wake"))
                await until(
                    lambda: given_back(cloud) > failures or not waves.waiting(group),
                    "the wave is given back, or was done with just before",
                )
            await waves.handled(group)
            assert [push.shown["body"] for push in await browser.until(bool)] == ["hello"]
        assert sorted([bodies(await each.pushes()) for each in (phone, tablet)]) == [[], ["hello"]]

        await screen.say(group, "again")
        told = await asyncio.gather(*(each.until(lambda some: "again" in bodies(some)) for each in (phone, tablet)))
        assert sum(map(len, told)) == 3


def given_back(cloud: Cloud) -> int:
    """Batches of waves that have failed."""
    sources = cloud.runtime.status()["sources"]
    return sum(each["failures"] for each in sources if each.get("queue") == "natter-local-waves")


class TestValkeyFlushed:
    async def test_between_mark_and_call_a_second_push_is_possible_and_no_third(
        self, cloud: Cloud, api: Api, sns: Sns, waves: Waves
    ) -> None:
        """What docs/data.md says; the queue hands the wave out twice more."""
        alice, (bob, phone) = await asyncio.gather(api.sign_up("alice"), with_phone(api, sns, "bob"))
        chat, screen = await alice.direct(bob), await alice.connect()
        await cloud.faults.apply(Service("sns", "lost", calls=1))
        await screen.say(chat, "hello")
        at = (await screen.reach(chat, 2))[-1]["at"]
        await struck(cloud, times=1)
        await flush(cloud)
        for _ in range(2):
            await waves.add(a_wave(chat, 2, bob, sender=alice, at=at))
        await screen.say(chat, "again")
        await phone.until(lambda pushes: "again" in bodies(pushes), within_s=PATIENCE_S)
        await waves.handled(chat)
        told = bodies(await phone.pushes())
        assert told.count("again") == 1
        assert told.count("hello") in {1, 2}


class TestReplays:
    @pytest.mark.parametrize("concurrently", [False, True], ids=["one after the other", "at once"])
    async def test_the_same_records_wake_nobody_again(
        self, cloud: Cloud, api: Api, sns: Sns, waves: Waves, *, concurrently: bool
    ) -> None:
        """Whatever has everybody looked at twice, each device is woken once."""
        alice, (bob, phone) = await asyncio.gather(api.sign_up("alice"), with_phone(api, sns, "bob"))
        tablet = Phone(sns)
        await tablet.register(await bob.on_another_device())
        chat, screen = await alice.direct(bob), await alice.connect()
        await cloud.faults.apply(Duplicate("push", seconds=PATIENCE_S, concurrently=concurrently))
        await screen.say(chat, "hello")
        await asyncio.gather(*(each.until(bool, within_s=PATIENCE_S) for each in (phone, tablet)))
        await waves.handled(chat)
        assert (await cloud.faults.active())[0].hits > 0, "it was replayed"
        assert [bodies(await each.pushes()) for each in (phone, tablet)] == [["hello"]] * 2
