"""
Fifty clients talk while something fails, once for each fault. Nothing acknowledged is lost in any of them, and
everything else that is promised holds too (P1-P6, P8, P9).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from random import Random

import pytest

from local.cloud import Cloud
from local.faults import Connections, Kill, Pause, Restart, Zombie
from tests.reliability.talk import USERS, Talk
from tests.support.api import Api
from tests.support.client import Client
from tests.support.crowd import crowd
from tests.support.findings import findings
from tests.support.ledger import Ledger
from tests.support.valkey import flush

ROUNDS_BEFORE, ROUNDS_MEANWHILE = 2, 6
PAUSE_S = 10.0
STORM_S = 5.0

type Crowd = tuple[list[Client], Ledger]
type Cause = Callable[[Cloud, list[Client]], Awaitable[None]]


async def worker_killed(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Kill("persist"))


async def zombie_persist(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Zombie("persist", invocations=4, after_ms=2, seconds=3))


async def kafka_restarted(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Restart("kafka"))


async def cassandra_paused(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Pause("cassandra", seconds=PAUSE_S))


async def valkey_flushed(cloud: Cloud, _clients: list[Client]) -> None:
    await flush(cloud)


async def valkey_restarted(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Restart("valkey"))


async def postgres_restarted(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Restart("postgres"))


async def posts_gone(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Connections(410, seconds=STORM_S))


async def posts_throttled(cloud: Cloud, _clients: list[Client]) -> None:
    await cloud.faults.apply(Connections(429, seconds=STORM_S))


async def everybody_reconnects(_cloud: Cloud, clients: list[Client]) -> None:
    await asyncio.gather(*(client.reconnect() for client in clients))


CAUSES: Mapping[str, Cause] = {
    cause.__name__: cause
    for cause in (
        worker_killed,
        zombie_persist,
        kafka_restarted,
        cassandra_paused,
        valkey_flushed,
        valkey_restarted,
        postgres_restarted,
        posts_gone,
        posts_throttled,
        everybody_reconnects,
    )
}


@pytest.fixture(scope="module")
async def people(outputs: Mapping[str, str]) -> AsyncIterator[Crowd]:
    async with Api(outputs) as api, crowd(api, users=USERS) as made:
        yield made


@pytest.fixture
async def cleared(cloud: Cloud) -> AsyncIterator[Cloud]:
    yield cloud
    await cloud.faults.clear()


class TestFaults:
    @pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
    async def test_every_promise_holds(self, cleared: Cloud, people: Crowd, cause: Cause) -> None:
        clients, ledger = people
        talk = Talk(clients, ledger, Random(cause.__name__))
        await talk.begin()
        await talk.go_on(rounds=ROUNDS_BEFORE)
        before = len(ledger.acknowledged)
        await asyncio.gather(talk.go_on(rounds=ROUNDS_MEANWHILE), cause(cleared, clients))
        assert len(ledger.acknowledged) - before > len(clients), "they talked while it failed"
        await cleared.faults.clear()
        assert findings(await talk.settle()) == []
