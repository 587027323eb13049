"""Pushes that fail, or come late."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.cloud import Cloud
from local.faults import Service
from natter.domain.push.waves import Wave
from tests.alarms import table
from tests.alarms.bells import Bells
from tests.support.api import Api, User
from tests.support.browsers import Browsers, browsers, text
from tests.support.phones import Phone, Sns, bodies, with_phone
from tests.support.until import until
from tests.support.waves import Waves, a_wave

PEOPLE, GROUPS, MESSAGES = 3, 4, 12
"""As many pushes a minute by each platform as a share is told of, and one for each minute."""
LATE_MS = 40_000
APART_MS = 11_000
"""Messages of a conversation that are further apart wake each by itself."""
LONG_AGO = 1
AGAIN_S = 10
WITHIN_S = 60.0


@pytest.fixture
def sns(cloud: Cloud) -> Sns:
    return Sns(cloud.engines["localstack"].address, cloud.app.outputs["Region"])


@pytest.fixture
async def waves(cloud: Cloud) -> AsyncIterator[Waves]:
    waves = Waves(cloud)
    async with waves.coming_again(after_s=AGAIN_S):
        yield waves


def apart(seq: int) -> int:
    """When a message is said to have been said."""
    return time.time_ns() // 1_000_000 - (MESSAGES + 1 - seq) * APART_MS


async def said(waves: Waves, speaker: User, chats: Sequence[str], *, times: int) -> None:
    """So that their waves are over."""
    screen = await speaker.connect()
    for chat in chats:
        for number in range(times):
            await screen.say(chat, f"message {number}")
    for chat in chats:
        await screen.reach(chat, times + 1)
        waves.there_since(chat, LONG_AGO)
        await waves.handled(chat)


@dataclass
class Audience:
    """People who are away, each with a device of every platform; their browsers have subscribed with a key not ours."""

    people: Sequence[User]

    async def register(self, here: Browsers) -> None:
        await asyncio.gather(*(self._register(person, here) for person in self.people))

    async def _register(self, person: User, here: Browsers) -> None:
        await Phone(None).register(person)  # type: ignore[arg-type] # nobody asks what it has received
        for provider in ("apns", "apns_sandbox"):
            device = await person.on_another_device()
            body = {"provider": provider, "token": secrets.token_hex(32)}
            (await device.call("PUT", f"/v1/devices/{device.device_id}/push", body)).expect(204)
        browser = await here.subscribe(text(_public()))
        (await browser.register(await person.on_another_device())).expect(204)

    def wave(self, chat: str, seq: int, *, sender: User) -> Wave:
        return a_wave(chat, seq, *self.people, sender=sender, at=apart(seq))


def _public() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def worked(cloud: Cloud) -> int:
    """Waves that were looked at, with what came of it."""
    return sum(
        each["batches"] for each in cloud.runtime.status()["sources"] if each.get("queue") == "natter-local-waves"
    )


class TestPushes:
    async def test_pushes_fail(self, cloud: Cloud, api: Api, bells: Bells, sns: Sns, waves: Waves) -> None:
        names = table.of("pushes_fail", bells.names)
        alice, (bob, phone) = await asyncio.gather(api.sign_up("alice"), with_phone(api, sns, "bob"))
        audience = Audience(await asyncio.gather(*(api.sign_up("away") for _ in range(PEOPLE))))
        groups = [await alice.group(*audience.people) for _ in range(GROUPS)]
        await said(waves, alice, groups, times=MESSAGES)
        async with browsers(cloud.app.outputs) as here:
            await audience.register(here)
            seqs = iter(range(2, MESSAGES + 2))
            await cloud.faults.apply(Service("sns", "throttled"))

            async def wake() -> None:
                seq, before = next(seqs), worked(cloud)
                await waves.add(*(audience.wave(chat, seq, sender=alice) for chat in groups))
                await until(lambda: worked(cloud) >= before + GROUPS, "waves are worked", within_s=WITHIN_S)

            await bells.ring(names, wake)
        await cloud.faults.clear()
        direct, screen = await alice.direct(bob), await alice.connect()

        async def is_woken() -> None:
            before = len(await phone.pushes())
            await screen.say(direct, "hello")
            await phone.until(lambda pushes: len(pushes) > before, within_s=WITHIN_S)

        await bells.over(names, is_woken)

    async def test_pushes_are_late(self, api: Api, bells: Bells, sns: Sns, waves: Waves) -> None:
        names = table.of("pushes_are_late", bells.names)
        alice, *away = await asyncio.gather(*(api.sign_up(name) for name in ("alice", "bob", "carol")))
        chats = [await alice.direct(person) for person in away]
        await said(waves, alice, chats, times=MESSAGES)
        phones = [Phone(sns) for _ in away]
        for phone, person in zip(phones, away, strict=True):
            await phone.register(person)
        turns = iter([(index, seq) for seq in range(2, MESSAGES + 2) for index in range(len(away))])

        async def late() -> None:
            index, seq = next(turns)
            before = len(bodies(await phones[index].pushes()))
            at = apart(seq) - LATE_MS
            await waves.add(a_wave(chats[index], seq, away[index], sender=alice, at=at))
            await phones[index].until(lambda pushes: len(bodies(pushes)) > before, within_s=WITHIN_S)

        screen = await alice.connect()

        async def in_time() -> None:
            before = len(bodies(await phones[0].pushes()))
            await screen.say(chats[0], "hello")
            await phones[0].until(lambda pushes: len(bodies(pushes)) > before, within_s=WITHIN_S)

        await bells.ring(names, late)
        await bells.over(names, in_time)
