"""The ledger over all of a cloud's log: is everything accounted for that was accepted?"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local.cloud import Cloud
from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.kafka.command_history import KafkaCommandHistory
from natter.domain.ids import new_id
from natter.ports.ledger import CommandHistory
from natter.settings import KafkaSettings, KeyspacesSettings
from natter.usecases.operations.reconcile import Lost, Reconcile

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


def history(cloud: Cloud) -> CommandHistory:
    """One that has looked at nothing yet."""
    settings = KafkaSettings(brokers=cloud.engines["kafka"].address, auth="none")
    return KafkaCommandHistory(settings, own=f"ledger-{new_id()}")


def reconcile(history: CommandHistory, session: CassandraSession) -> Reconcile:
    return Reconcile(history=history, timeline=CassandraTimeline(session), now_ms=now_ms, budget_ms=BUDGET_MS)


def unaccounted(cloud: Cloud) -> Sequence[Lost]:
    """Of all that was ever accepted there."""
    with tables(cloud) as session:
        return reconcile(history(cloud), session)().lost
