"""Puts `persist` together."""

from dataclasses import dataclass

import boto3

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import FOLD_WRITES, CassandraEventStore
from natter.adapters.cassandra.timeline import FOLD_READS, CassandraTimeline
from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.fanout_log import KafkaFanoutLog
from natter.adapters.kafka.logs import KafkaDeadLetters, KafkaEventLog
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.head_cache import ValkeyHeadCache
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.queues import ask_for_rebuild, file_queue, slice_queue
from natter.bootstrap.warming import warmed
from natter.names import EVENTS_TOPIC, FANOUT_TOPIC
from natter.ports.operations import DeadLetters
from natter.settings import PersistSettings
from natter.usecases.delivery.deliver import Deliver
from natter.usecases.delivery.settle_posts import SettlePosts
from natter.usecases.messages.give_up import GiveUp
from natter.usecases.messages.persist import Persist
from natter.wire.json_frames import JsonFrames


@dataclass(frozen=True, kw_only=True, slots=True)
class PersistParts:
    persist: Persist
    give_up: GiveUp
    dead: DeadLetters


def persist(settings: PersistSettings) -> PersistParts:
    cache = valkey(settings.valkey)
    producer = RecordProducer(settings.kafka)
    session = CassandraSession(settings.keyspaces)
    queue = slice_queue(settings.deliveries)
    warmed(
        cache.warm,
        queue.warm,  # it is needed when posts fail: no time to make a client
        lambda: producer.warm([EVENTS_TOPIC, FANOUT_TOPIC]),
        lambda: session.warm((*FOLD_READS, *FOLD_WRITES)),
    )
    aws = boto3.Session()
    frames = JsonFrames()
    connections, gateway = ValkeyConnections(cache, now_ms), ApiGateway(aws_credentials(aws), aws.region_name)
    deliver = Deliver(
        connections=connections,
        gateway=gateway,
        frames=frames,
        settle=SettlePosts(
            connections=connections,
            gateway=gateway,
            queue=queue,
            now_ms=now_ms,
        ),
        fanout=KafkaFanoutLog(producer),
        rebuild=ask_for_rebuild(cache, settings.rebuilds),
    )
    timeline, store = CassandraTimeline(session), CassandraEventStore(session)
    return PersistParts(
        give_up=GiveUp(timeline=timeline, store=store, now_ms=now_ms),
        persist=Persist(
            timeline=timeline,
            store=store,
            heads=ValkeyHeadCache(cache),
            files=file_queue(settings.files),
            deliver=deliver,
            frames=frames,
            events=KafkaEventLog(producer),
            now_ms=now_ms,
        ),
        dead=KafkaDeadLetters(producer),
    )
