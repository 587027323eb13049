"""Runbooks followed: their commands as they are written, and what they are for comes about."""

import asyncio
import time

import pytest

from local.cloud import Cloud
from local.faults import Service, Throttle
from natter.names import COMMANDS_TOPIC
from natter.records.delivery import dump_slice
from natter.records.messages import COMMAND_SCHEMA
from tests.deliveries import a_slice
from tests.reliability.test_push_faults import unheard
from tests.reliability.test_set_aside import append_unreadable
from tests.support.api import Api, User, fresh
from tests.support.lag import caught_up, lags
from tests.support.phones import Sns, bodies
from tests.support.queues import Queues
from tests.support.runbooks import Shell, blocks, of_laptop
from tests.support.socket import Socket, message
from tests.support.until import until
from tests.support.waves import PATIENCE_S, Waves, a_wave

WITHIN_S = 60.0


pytestmark = pytest.mark.usefixtures("well")


class Talk:
    def __init__(self, chat: str, alice: User, screen: Socket, other: Socket) -> None:
        self.chat, self.alice, self.screen, self.other = chat, alice, screen, other

    @classmethod
    async def begin(cls, api: Api) -> "Talk":
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        talk = cls(await alice.direct(bob), alice, await alice.connect(), await bob.connect())
        await talk.go_on()
        await alice.history(talk.chat)
        return talk

    async def go_on(self) -> None:
        """As clients do: what is not acknowledged is sent again."""
        client_id = fresh("m")
        frame = {"action": "send", "conversation_id": self.chat, "messages": [message("hello", client_id)]}
        await self.screen.insist(frame, within_s=WITHIN_S)
        await self.other.event(self.chat, client_id, within_s=WITHIN_S)

    async def is_refused(self) -> bool:
        answer = await self.screen.ask(
            {"action": "send", "conversation_id": self.chat, "messages": [message("hello", fresh("m"))]}
        )
        return (answer["type"], answer.get("code")) == ("error", "unavailable")

    async def is_told(self) -> None:
        """What is sent is acknowledged."""
        await self.screen.say(self.chat, "hello")


def steps(runbook: str, engine: str) -> list[str]:
    """The commands of its one block for the laptop."""
    (block,) = of_laptop(runbook)
    return block.replace("ENGINE", engine).splitlines()[1:]


class TestStuckPartition:
    async def test_what_is_sent_meanwhile_waits_and_is_shown_afterwards(
        self, cloud: Cloud, api: Api, shell: Shell
    ) -> None:
        talk = await Talk.begin(api)
        pause, status, resume = steps("stuck-partition", "cassandra")
        await shell(pause)
        (client_id,) = await talk.screen.say(talk.chat, "hello")
        await until(lambda: any(name.endswith("-persist") for name in lags(cloud)), "persist is behind")
        lines = (await shell(status)).splitlines()
        ((_, _, _, lag, *_),) = [line.split() for line in lines if f" {COMMANDS_TOPIC} " in line]
        assert int(lag) > 0, lines
        await shell(resume)
        await talk.other.event(talk.chat, client_id, within_s=WITHIN_S)
        await caught_up(cloud, within_s=WITHIN_S)
        said = [event["client_id"] for event in await talk.alice.history(talk.chat) if event["type"] == "message"]
        assert said.count(client_id) == 1


class TestEngineAway:
    """What its table says that users feel, and what goes on."""

    @pytest.mark.parametrize("engine", ["kafka", "cassandra", "valkey", "postgres"])
    async def test_is_as_its_table_says(self, cloud: Cloud, api: Api, shell: Shell, engine: str) -> None:
        talk = await Talk.begin(api)
        pause, status, resume = steps("engine-away", engine)
        await shell(pause)
        assert f"{engine} paused" in await shell(status)
        match engine:
            case "kafka":
                assert await talk.is_refused()
                await talk.alice.history(talk.chat)
            case "cassandra":
                await talk.is_told()
                page = await talk.alice.call("GET", f"/v1/conversations/{talk.chat}/events")
                assert page.refusal() == (503, "unavailable")
            case "valkey":
                await talk.is_told()
                await talk.alice.history(talk.chat)
            case "postgres":
                body = {"username": talk.alice.username, "password": api.password}
                assert (await api.call("POST", "/v1/sessions", body)).refusal() == (503, "unavailable")
                await talk.go_on()
        await shell(resume)
        await talk.go_on()
        assert await cloud.faults.active() == []


class TestSetAside:
    async def test_is_found_in_the_log_and_read_from_the_topic(
        self, cloud: Cloud, shell: Shell, planted: set[str]
    ) -> None:
        key = fresh("planted")
        planted.add(key)
        await asyncio.to_thread(append_unreadable, cloud.engines["kafka"].address, COMMANDS_TOPIC, key, COMMAND_SCHEMA)
        (look,) = of_laptop("set-aside")
        (read,) = blocks("set-aside", "python")
        await caught_up(cloud, within_s=WITHIN_S)
        assert "record set aside" in await shell(look)
        assert key in await shell.python(read)


class TestQueues:
    async def test_dead_letters_are_put_back_or_purged(self, cloud: Cloud, shell: Shell) -> None:
        """Slices for nobody, handed out too often while nobody was let in."""
        redrive, purge, *_ = blocks("queues")
        slices, looks = Queues(cloud, "deliveries"), Queues(cloud, "looks")
        both = Queues(cloud, "deliveries", "looks")
        async with both.coming_again():
            for function in ("post_slice", "presence"):
                await cloud.faults.apply(Throttle(function))
            await asyncio.to_thread(both.add, dump_slice(a_slice()))
            await asyncio.to_thread(both.give_up)
            await both.all_dead()
            await cloud.faults.clear()
        await shell(redrive)
        await until(lambda: not any(map(slices.count, slices.all)), "what was put back is worked")
        assert all(map(looks.count, looks.dead))
        await shell(purge)
        await until(lambda: not any(map(looks.count, looks.all)), "the rest is gone")


class TestPushes:
    async def test_dead_letters_are_read_put_back_and_purged(self, cloud: Cloud, api: Api, shell: Shell) -> None:
        """
        The platform refuses, and the queue does not take who is to be looked at again: from the first time on. What it
        has taken before comes later each time, up to a minute.
        """
        waves, sns = Waves(cloud), Sns(cloud.engines["localstack"].address, cloud.app.outputs["Region"])
        alice = await api.sign_up("alice")
        chat, bob, phone = await unheard(api, sns, waves, alice, await alice.connect())
        look, redrive, purge = blocks("pushes")
        async with waves.dying(after_s=1):
            await cloud.faults.apply(Service("sns", "throttled"))
            await cloud.faults.apply(Service("sqs", "broken"))
            await waves.add(a_wave(chat, 2, bob, sender=alice, at=time.time_ns() // 1_000_000))
            await until(lambda: bool(waves.dead(chat)), "the wave is a dead letter", within_s=PATIENCE_S)
            await cloud.faults.clear()
        assert chat in await shell(look)
        await shell(redrive)
        await phone.until(lambda pushes: bodies(pushes) == ["hello"], within_s=WITHIN_S)
        assert await shell(look) in {"", "None"}
        await shell(purge)
