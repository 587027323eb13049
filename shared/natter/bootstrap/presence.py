"""Puts `presence` together."""

from dataclasses import dataclass

import boto3

from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaDeadLetters
from natter.adapters.postgres.acquaintances import PostgresAcquaintances
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.pace import ValkeyTellingPace
from natter.adapters.valkey.presence import ValkeyPresenceTraces, ValkeyWatchers
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.bootstrap.queues import look_queue
from natter.bootstrap.warming import warmed
from natter.ports.operations import DeadLetters
from natter.settings import PresenceSettings
from natter.usecases.presence.read_presence import PresenceNow
from natter.usecases.presence.settle_presence import SettlePresence
from natter.usecases.presence.tell_watchers import TellWatchers
from natter.wire.json_frames import JsonFrames


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceParts:
    settle: SettlePresence
    dead: DeadLetters


def presence(settings: PresenceSettings) -> PresenceParts:
    cache, queue = valkey(settings.valkey), look_queue(settings.looks)
    warmed(cache.warm, queue.warm)
    connections, traces = ValkeyConnections(cache, now_ms), ValkeyPresenceTraces(cache)
    now = PresenceNow(connections=connections, traces=traces, now_ms=now_ms)
    acquaintances = PostgresAcquaintances(postgres(settings.postgres))
    aws = boto3.Session()
    return PresenceParts(
        settle=SettlePresence(
            now=now,
            traces=traces,
            connections=connections,
            watchers=ValkeyWatchers(cache, now_ms),
            acquaintances=acquaintances,
            tell=TellWatchers(
                now=now,
                acquaintances=acquaintances,
                connections=connections,
                gateway=ApiGateway(aws_credentials(aws), aws.region_name),
                frames=JsonFrames(),
                now_ms=now_ms,
            ),
            queue=queue,
            pace=ValkeyTellingPace(cache),
            now_ms=now_ms,
        ),
        dead=KafkaDeadLetters(RecordProducer(settings.kafka)),
    )
