"""The ledger over all of a cloud's log: is everything accounted for that was accepted?"""

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.cloud import Cloud
from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.kafka.command_history import KafkaCommandHistory
from natter.domain.ids import new_id
from natter.names import COMMANDS_TOPIC, LEDGER_GROUP
from natter.ports.ledger import CommandHistory
from natter.settings import KafkaSettings, KeyspacesSettings
from natter.usecases.operations.reconcile import Reconcile

BUDGET_MS = 10 * 60 * 1000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def tables(cloud: Cloud) -> Iterator[CassandraSession]:
    """Those of the cloud."""
    session = CassandraSession(
        KeyspacesSettings(
            endpoint=cloud.engines["cassandra"].address,
            keyspace=f"natter_{cloud.app.outputs['Stage']}",
            auth="none",
            request_timeout_s=10,
        )
    )
    try:
        yield session
    finally:
        session.close()


def history(cloud: Cloud, own: str | None = None) -> CommandHistory:
    """By default one that has looked at nothing yet; else with the places of the group `own`."""
    settings = KafkaSettings(brokers=cloud.engines["kafka"].address, auth="none")
    return KafkaCommandHistory(settings, own=f"ledger-{new_id()}" if own is None else own)


def reconcile(history: CommandHistory, session: CassandraSession) -> Reconcile:
    return Reconcile(history=history, timeline=CassandraTimeline(session), now_ms=now_ms, budget_ms=BUDGET_MS)


def place(partition: int, offset: int) -> str:
    return f"{COMMANDS_TOPIC}/{partition}/{offset}"


def named(logs: Path) -> set[str]:
    """The places of what the functions have found to be lost."""
    found: set[str] = set()
    for log in logs.glob("natter-*-reconcile.log"):
        for line in log.read_text(errors="replace").splitlines():
            if '"unaccounted"' in line:
                said = json.loads(line)
                found.update(place(said["partition"], offset) for offset in said["offsets"])
    return found


def unaccounted(cloud: Cloud, logs: Path, planted: Collection[str]) -> list[str]:
    """Of all that was ever accepted there: what the function has found, and what it would find next."""
    with tables(cloud) as session:
        rest = reconcile(history(cloud, LEDGER_GROUP), session)()
    found = named(logs) | {place(each.partition, each.offset) for each in rest.lost}
    return sorted(found - set(planted))
