"""Puts `fanout` together."""

from dataclasses import dataclass

from natter.adapters.cassandra import CassandraSession
from natter.adapters.connections_valkey import ValkeyConnections
from natter.adapters.kafka import RecordProducer
from natter.adapters.logs_kafka import KafkaDeadLetters
from natter.adapters.rows_cassandra import READ_HEAD, READ_MEMBERSHIPS
from natter.adapters.tables_cassandra import CassandraTables
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.queues import slice_queue
from natter.bootstrap.warming import warmed
from natter.ports.log import DeadLetters
from natter.settings import FanoutSettings
from natter.usecases.delivery.fanout import Fanout


@dataclass(frozen=True, kw_only=True, slots=True)
class FanoutParts:
    fanout: Fanout
    dead: DeadLetters


def fanout(settings: FanoutSettings) -> FanoutParts:
    cache, session, queue = (
        valkey(settings.valkey),
        CassandraSession(settings.keyspaces),
        slice_queue(settings.deliveries),
    )
    warmed(cache.warm, queue.warm, lambda: session.warm([READ_HEAD, READ_MEMBERSHIPS]))
    return FanoutParts(
        fanout=Fanout(store=CassandraTables(session), connections=ValkeyConnections(cache, now_ms), queue=queue),
        dead=KafkaDeadLetters(RecordProducer(settings.kafka)),
    )
