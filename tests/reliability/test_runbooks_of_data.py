"""The runbook of what is restored, followed as far as engines without AWS can: its commands as they are written."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.sql import SQL

from local.cloud import Cloud
from local.faults import Throttle
from local.sources.kafka import KafkaPoller
from natter.names import COMMANDS_TOPIC, LEDGER_GROUP, PERSIST_GROUP
from tests.reliability.test_runbooks import Talk
from tests.support import accounts
from tests.support.api import PASSWORD, Api, User
from tests.support.lag import caught_up
from tests.support.leftovers import database
from tests.support.restoring import RESTORED, Restored, pointed_at
from tests.support.runbooks import Shell, blocks, filled, of_laptop
from tests.support.socket import message

pytestmark = pytest.mark.usefixtures("well")
WITHIN_S = 90.0
AGAIN_S = 0.5
LOST = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('natter', 'natter_lost');
    DROP DATABASE IF EXISTS natter WITH (FORCE);
    ALTER DATABASE natter_lost RENAME TO natter;
    ALTER DATABASE natter ALLOW_CONNECTIONS true;
"""


@pytest.fixture
def kept(cloud: Cloud) -> Iterator[None]:
    """The database that the runbook sets aside comes back afterwards: others need what is in it."""
    yield
    with database(cloud, "postgres") as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = 'natter_lost'").rowcount:
            for statement in LOST.strip().removesuffix(";").split(";"):
                connection.execute(SQL(statement))


async def signed_in(api: Api, user: User) -> tuple[int, Any]:
    """What comes of it, as soon as the database is there."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            reply = await api.call("POST", "/v1/sessions", {"username": user.username, "password": PASSWORD})
            if reply.status != 503:
                return reply.status, reply.body
            await asyncio.sleep(AGAIN_S)


@pytest.mark.usefixtures("kept")
class TestPostgres:
    async def test_who_was_there_is_there_again_and_who_came_since_is_not(self, api: Api, shell: Shell) -> None:
        """Messages are not in it: none is missing. Who was erased since has to be erased again, as the runbook says."""
        talk = await Talk.begin(api)
        erased = await api.sign_up("dan")
        keep, bring_back = of_laptop("restore")
        await shell(keep)
        (await erased.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)
        late = await api.sign_up("carol")
        (client_id,) = await talk.screen.say(talk.chat, "hello")
        await shell(bring_back)
        assert (await signed_in(api, talk.alice))[0] == 201
        assert (await signed_in(api, late))[0] == 401
        assert (await signed_in(api, erased))[0] == 201
        await shell(filled(blocks("erasures")[0], USER=erased.user_id))
        assert (await signed_in(api, erased))[0] == 401
        assert client_id in [event.get("client_id") for event in await talk.alice.history(talk.chat)]
        await talk.go_on()


class Consumer:
    """The event source of `persist`, which can be off."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._is_off = False

    async def off(self) -> None:
        """Harmless if it is."""
        if self._is_off:
            return
        self._is_off = True
        (self._poller,) = [
            each
            for each in self._cloud.runtime.sources
            if isinstance(each, KafkaPoller) and each.source.topic == COMMANDS_TOPIC
        ]
        await self._poller.stop()

    async def on(self) -> None:
        poller = KafkaPoller(
            self._poller.source, self._cloud.runtime.faults.deliveries, self._cloud.engines["kafka"].address
        )
        sources = self._cloud.runtime.sources
        sources[sources.index(self._poller)] = poller
        await poller.start()
        self._is_off = False


class TestKeyspaces:
    async def test_what_came_since_is_made_again_from_the_log(self, cloud: Cloud, api: Api, shell: Shell) -> None:
        """To the same places, with the same words; the ledger is not asked meanwhile: it is about the other tables."""
        talk = await Talk.begin(api)
        await caught_up(cloud, within_s=WITHIN_S)
        restored = Restored(cloud, talk.chat)
        assert await restored.restore() > 2
        await asyncio.sleep(0.01)
        moment = datetime.now(UTC).isoformat()
        last = (await talk.screen.say(talk.chat, *(message(f"{n}") for n in range(20))))[-1]
        await talk.other.event(talk.chat, last, within_s=WITHIN_S)
        await caught_up(cloud, within_s=WITHIN_S)
        before = await talk.alice.history(talk.chat)
        assert await restored.stored() < len(before)
        await cloud.faults.apply(Throttle("reconcile"))
        consumer = Consumer(cloud)
        await consumer.off()
        usual = [each for each in cloud.runtime.functions.current() if each.name.endswith(("-persist", "-chat_api"))]
        try:
            cloud.runtime.functions.redefine(pointed_at(usual, restored.keyspace, RESTORED))
            await self._back_to(moment, shell)
            await consumer.on()
            await caught_up(cloud, within_s=WITHIN_S)
            assert await talk.alice.history(talk.chat) == before
            assert await restored.stored() == len(before)
            await talk.go_on()
            after = await talk.alice.history(talk.chat)
            assert [event["seq"] for event in after] == list(range(1, len(before) + 2))
        finally:
            await consumer.off()
            cloud.runtime.functions.redefine(usual)
            await self._back_to(moment, shell)  # what was said meanwhile, here or elsewhere, is not in the usual tables
            await consumer.on()
            await restored.forget()
        await caught_up(cloud, within_s=WITHIN_S)
        assert await talk.alice.history(talk.chat) == after
        await self._back_to(moment, shell, group=LEDGER_GROUP)
        ledger = await asyncio.to_thread(accounts.history(cloud, LEDGER_GROUP).stretches)
        assert any(stretch.first < stretch.end for stretch in ledger.values())

    async def _back_to(self, moment: str, shell: Shell, *, group: str = PERSIST_GROUP) -> None:
        (take_back,) = blocks("restore", "python")
        assert "goes on at" in await shell.python(filled(take_back, MOMENT=moment).replace(PERSIST_GROUP, group))
