"""How fast a registry of connections that has lost its data is rebuilt from the log (docs/data.md)."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient
from redis.asyncio import Redis

from infra.config import PROD
from local.cloud import Cloud
from local.faults import Delay
from local.process import poll
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.valkey.registry_marks import is_complete, mark, part
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.names import CONNECTIONS_TOPIC
from natter.names import REGISTRY_PARTS as PARTS
from natter.records.presence import CONNECTION_SCHEMA, dump_connection
from natter.settings import KafkaSettings
from natter.usecases.delivery.rebuild import EARLIER_MS
from tests.support.leftovers import database

USERS = 50_000
CHANGES_EACH = 4
"""Records of each of them: one connection that came and went, one that is open, and how its device is."""
MILLION = 1_000_000
HELD_S = 600
TOGETHER = 5_000
ADMIN_S = 20

_SIGNED_IN = """
WITH people AS (SELECT %(name)s::text || n::text AS id FROM generate_series(1, %(users)s::int) n),
named AS (
    INSERT INTO users (user_id, username, display_name, created_at) SELECT id, id, id, %(at)s::bigint FROM people
    RETURNING user_id AS id
),
equipped AS (
    INSERT INTO devices (user_id, device_id, platform, last_seen_at) SELECT id, id, 'other', %(at)s::bigint FROM named
    RETURNING device_id AS id
)
INSERT INTO sessions (session_id, user_id, device_id, family_digest, turn_digest, created_at, refreshed_at)
SELECT id, id, id, digest, digest, %(at)s::bigint, %(at)s::bigint
FROM equipped, sha256(convert_to(id, 'UTF8')) digest
"""


@dataclass(frozen=True, kw_only=True)
class Rebuilding:
    known: int
    """Connections in the whole registry."""
    restored: int
    """Those of the parts that were lost."""
    seconds: float

    @property
    def million_s(self) -> float:
        """
        Seconds for a million connections, of which several runs rebuild as large a share each, side by side.

        Both what a run does for its own share and what it reads for that grow with their number.
        """
        return self.seconds * MILLION / self.known


async def report(cloud: Cloud, *, rounds: int) -> list[str]:
    try:
        await prepare(cloud)
        of_all = [await measure(cloud, rebuilders=1) for _ in range(rounds)]
        of_one = [await measure(cloud, rebuilders=PROD.rebuilders) for _ in range(rounds)]
    finally:
        await forget(cloud)
    return table(of_all, of_one)


async def prepare(cloud: Cloud) -> None:
    """Everybody is signed in, and has come and gone; `presence` has no part in it, and is held."""
    name, now = f"b{secrets.token_hex(4)}", time.time_ns() // 1_000_000
    with database(cloud) as connection:
        connection.execute(_SIGNED_IN, {"name": name, "users": USERS, "at": now})
    await cloud.faults.apply(Delay("presence", ms=HELD_S * 1000, seconds=HELD_S))
    await asyncio.to_thread(_note, cloud, [f"{name}{number}" for number in range(1, USERS + 1)], now)


async def measure(cloud: Cloud, *, rebuilders: int) -> Rebuilding:
    """What one of so many does: the cache forgets as many of its parts; until they are complete again."""
    lost = range(-(-PARTS // rebuilders))
    async with Redis.from_url(f"redis://{cloud.engines['valkey'].address}", decode_responses=True) as valkey:
        async for key in valkey.scan_iter(count=TOGETHER):
            if part(key) in lost:
                await valkey.delete(key)
        began = time.perf_counter()
        cloud.runtime.schedules.trigger("natter-local-rebuild")
        await asyncio.wait_for(poll(lambda: _is_complete(valkey)), HELD_S)
        seconds = time.perf_counter() - began
        known = [key async for key in valkey.scan_iter("conn:*", count=TOGETHER)]  # each has one connection
    return Rebuilding(known=len(known), restored=sum(part(key) in lost for key in known), seconds=seconds)


async def forget(cloud: Cloud) -> None:
    """Empty the log of connections: else the cloud would rebuild everybody's at its next start, for two hours."""
    admin = AdminClient({"bootstrap.servers": cloud.engines["kafka"].address})
    partitions = admin.list_topics(CONNECTIONS_TOPIC, timeout=ADMIN_S).topics[CONNECTIONS_TOPIC].partitions
    ends = [TopicPartition(CONNECTIONS_TOPIC, each, OFFSET_END) for each in partitions]
    for deleted in admin.delete_records(ends, request_timeout=ADMIN_S).values():
        await asyncio.to_thread(deleted.result, ADMIN_S)


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
    """The first has gone long before: nobody who rebuilds has to forget it."""
    before = now - EARLIER_MS
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
        ConnectionChange(connection=earlier, change="opened", at=before),
        ConnectionChange(connection=earlier, change="closed", at=before),
        ConnectionChange(connection=later, change="opened", at=now),
        ConnectionChange(connection=later, change="status", at=now, state="away"),
    ]
    assert len(made) == CHANGES_EACH
    return made


async def _is_complete(valkey: Redis) -> bool:
    pipeline = valkey.pipeline(transaction=False)
    for each in range(PARTS):
        pipeline.get(mark(each))
    return all(is_complete(value) for value in await pipeline.execute())


def table(of_all: Sequence[Rebuilding], of_one: Sequence[Rebuilding]) -> list[str]:
    rounds = [*of_all, *of_one]
    rows: dict[str, Sequence[float]] = {
        "connections": [each.known for each in rounds],
        "of them restored": [each.restored for each in rounds],
        "seconds": [each.seconds for each in rounds],
        "restored/s": [each.restored / each.seconds for each in rounds],
        "a million so take (s)": [each.million_s for each in rounds],
    }
    return [
        f"the registry rebuilt by one run, then the share of one of {PROD.rebuilders}; {CHANGES_EACH} records a user",
        *(f"  {name:26}" + "".join(f"{value:10.1f}" for value in values) for name, values in rows.items()),
    ]
