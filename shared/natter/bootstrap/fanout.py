"""Puts `fanout` together."""

from dataclasses import dataclass

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.rows import READ_HEAD, READ_MEMBERSHIPS
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaDeadLetters
from natter.adapters.valkey.connections import ValkeyConnections
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.queues import ask_for_rebuild, slice_queue
from natter.bootstrap.warming import warmed
from natter.ports.operations import DeadLetters
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
        fanout=Fanout(
            timeline=CassandraTimeline(session),
            connections=ValkeyConnections(cache, now_ms),
            queue=queue,
            rebuild=ask_for_rebuild(cache, settings.rebuilds),
        ),
        dead=KafkaDeadLetters(RecordProducer(settings.kafka)),
    )
