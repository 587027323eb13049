"""How fast a registry of connections that has lost its data is rebuilt from the log (docs/data.md)."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from redis.asyncio import Redis

from local.cloud import Cloud
from local.faults import Delay
from local.process import poll
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.valkey.registry_marks import PARTS, is_complete, mark
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.names import CONNECTIONS_TOPIC
from natter.records.presence import CONNECTION_SCHEMA, dump_connection
from natter.settings import KafkaSettings
from tests.support.leftovers import database
from tests.support.valkey import flush

USERS = 50_000
CHANGES_EACH = 4
"""Records of each of them: one connection that came and went, one that is open, and how its device is."""
MILLION = 1_000_000
WITHIN_S = 120.0
HELD_S = 900
TOGETHER = 5_000

_SIGNED_IN = """
WITH people AS (SELECT %(name)s || n AS id FROM generate_series(1, %(users)s) n),
named AS (
    INSERT INTO users (user_id, username, display_name, created_at) SELECT id, id, id, %(at)s FROM people
    RETURNING user_id AS id
),
equipped AS (
    INSERT INTO devices (user_id, device_id, platform, last_seen_at) SELECT id, id, 'other', %(at)s FROM named
    RETURNING device_id AS id
)
INSERT INTO sessions (session_id, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at)
SELECT id, id, id, sha256(id::bytea), sha256(id::bytea), %(at)s, %(at)s FROM equipped
"""


@dataclass(frozen=True, kw_only=True)
class Rebuilding:
    connections: int
    seconds: float

    @property
    def rate(self) -> float:
        """Connections per second."""
        return self.connections / self.seconds


async def prepare(cloud: Cloud) -> None:
    """Everybody is signed in, and has come and gone; `presence` has no part in it, and is held."""
    name, now = f"b{secrets.token_hex(4)}", time.time_ns() // 1_000_000
    with database(cloud) as connection:
        connection.execute(_SIGNED_IN, {"name": name, "users": USERS, "at": now})
    await cloud.faults.apply(Delay("presence", ms=HELD_S * 1000, seconds=HELD_S))
    await asyncio.to_thread(_note, cloud, [f"{name}{number}" for number in range(1, USERS + 1)], now)


async def measure(cloud: Cloud) -> Rebuilding:
    """The cache forgets everything; until all of its parts are complete again."""
    await flush(cloud)
    began = time.perf_counter()
    cloud.runtime.schedules.trigger("natter-local-rebuild")
    async with Redis.from_url(f"redis://{cloud.engines['valkey'].address}", decode_responses=True) as valkey:
        await asyncio.wait_for(poll(lambda: _is_complete(valkey)), HELD_S)
        seconds = time.perf_counter() - began
        known = [key async for key in valkey.scan_iter("conn:*", count=TOGETHER)]  # each has one connection
    return Rebuilding(connections=len(known), seconds=seconds)


def _note(cloud: Cloud, people: Sequence[str], now: int) -> None:
    producer = RecordProducer(KafkaSettings(brokers=cloud.engines["kafka"].address, auth="none"))
    for together in batched(people, TOGETHER // CHANGES_EACH, strict=False):
        records = [
            NewRecord(topic=CONNECTIONS_TOPIC, key=each, value=dump_connection(change), schema=CONNECTION_SCHEMA)
            for each in together
            for change in _changes(each, now)
        ]
        producer.append(records, timeout_s=20)


def _changes(person: str, now: int) -> list[ConnectionChange]:
    earlier, later = (
        Connection(
            user_id=UserId(person),
            device_id=DeviceId(person),
            session_id=SessionId(person),
            connection_id=ConnectionId(f"{person}-{number}"),
            endpoint="http://127.0.0.1:9/local",
            connected_at=now,
        )
        for number in (1, 2)
    )
    made = [
        ConnectionChange(connection=earlier, change="opened", at=now),
        ConnectionChange(connection=earlier, change="closed", at=now),
        ConnectionChange(connection=later, change="opened", at=now),
        ConnectionChange(connection=later, change="status", at=now, state="away"),
    ]
    assert len(made) == CHANGES_EACH
    return made


async def _is_complete(valkey: Redis) -> bool:
    pipeline = valkey.pipeline(transaction=False)
    for part in range(PARTS):
        pipeline.get(mark(part))
    return all(is_complete(value) for value in await pipeline.execute())


def table(rounds: Sequence[Rebuilding]) -> list[str]:
    return [
        f"the registry rebuilt from {CHANGES_EACH} records of each of {USERS:,} users",
        f"  {'connections':26}" + "".join(f"{each.connections:10}" for each in rounds),
        f"  {'seconds':26}" + "".join(f"{each.seconds:10.1f}" for each in rounds),
        f"  {'connections/s':26}" + "".join(f"{each.rate:10.0f}" for each in rounds),
        f"  {'a million would take (s)':26}" + "".join(f"{MILLION / each.rate:10.0f}" for each in rounds),
    ]
