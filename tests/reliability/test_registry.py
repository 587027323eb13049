"""A cache that forgets everything costs live delivery half a minute, and nothing is missed (P9)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from local.cloud import Cloud
from tests.support.api import Api, User
from tests.support.presence import asked, told, watch
from tests.support.socket import Socket
from tests.support.valkey import flush

PAIRS = 20
LIVE_WITHIN_S = 30.0
TALK_S = 3.0
GRACE_S = 15.0


@dataclass
class Pair:
    conversation: str
    speaker: Socket
    listener: Socket
    other: User

    async def talk(self, until: float) -> list[str]:
        """Messages, one after the other; their client ids."""
        said: list[str] = []
        while time.monotonic() < until:
            said += await self.speaker.say(self.conversation, "hello")
        return said

    async def heard(self, said: Sequence[str], *, within_s: float) -> None:
        """All of them have been shown live."""
        for client_id in said:
            await self.listener.event(self.conversation, client_id, within_s=within_s)


@pytest.fixture
async def pairs(api: Api) -> list[Pair]:
    made = []
    for number in range(PAIRS):
        one, other = await api.sign_up(f"one{number}"), await api.sign_up(f"other{number}")
        conversation = await one.direct(other)
        made.append(Pair(conversation, await one.connect(), await other.connect(), other))
    return made


class TestRegistry:
    async def test_after_the_cache_has_forgotten_everything_all_is_live_again_without_a_ping(
        self, cloud: Cloud, pairs: list[Pair]
    ) -> None:
        """What was said meanwhile comes live, too; and who pings is told to sync all the same."""
        began = time.monotonic()
        talk = asyncio.gather(*(pair.talk(began + TALK_S) for pair in pairs))
        await asyncio.sleep(TALK_S / 3)  # in the middle of it
        await flush(cloud)
        lost_at = time.monotonic()
        for pair, said in zip(pairs, await talk, strict=True):
            assert said
            await pair.heard(said, within_s=max(1.0, lost_at + LIVE_WITHIN_S - time.monotonic()))
        assert time.monotonic() - lost_at < LIVE_WITHIN_S
        for pair in pairs:
            answer = await pair.listener.ask({"action": "ping"})
            assert answer["sync"] is True

    async def test_who_is_connected_is_there_again_and_how_they_were(self, cloud: Cloud, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        conversation = await alice.direct(bob)
        screen, phone = await alice.connect(), await bob.connect()
        assert (await phone.ask({"action": "status", "state": "away"}))["type"] == "ok"
        await flush(cloud)
        await screen.say(conversation, "are you there?")
        await phone.reach(conversation, 2, within_s=LIVE_WITHIN_S)
        assert await asked(alice, bob) == {bob.user_id: "away"}

    async def test_who_has_left_meanwhile_is_not(self, cloud: Cloud, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        conversation = await alice.direct(bob)
        screen, phone, desk = (
            await alice.connect(),
            await bob.connect(),
            await (await bob.on_another_device()).connect(),
        )
        await flush(cloud)
        await asyncio.gather(desk.close(), screen.say(conversation, "hello"))
        await phone.reach(conversation, 2, within_s=LIVE_WITHIN_S)
        await phone.close()
        await watch(screen, bob)
        await told(screen, bob, "offline", within_s=LIVE_WITHIN_S + GRACE_S)
        assert await asked(alice, bob) == {bob.user_id: "offline"}
