"""Puts `presence` together."""

from dataclasses import dataclass

import boto3

from natter.adapters.acquaintances_postgres import PostgresAcquaintances
from natter.adapters.connections_valkey import ValkeyConnections
from natter.adapters.gateway_apigateway import ApiGateway
from natter.adapters.kafka import RecordProducer
from natter.adapters.logs_kafka import KafkaDeadLetters
from natter.adapters.presence_valkey import ValkeyPresenceTraces, ValkeyWatchers
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.bootstrap.queues import grace_queue
from natter.bootstrap.warming import warmed
from natter.ports.log import DeadLetters
from natter.settings import PresenceSettings
from natter.usecases.read_presence import PresenceNow
from natter.usecases.settle_presence import SettlePresence
from natter.usecases.tell import Tell
from natter.wire.signals import JsonSignalFrames

TELLING_S = 1.0
"""For a batch of many users, each of whom many may watch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceParts:
    settle: SettlePresence
    dead: DeadLetters


def presence(settings: PresenceSettings) -> PresenceParts:
    cache, queue = valkey(settings.valkey), grace_queue(settings.grace)
    warmed(cache.warm, queue.warm)
    connections, traces = ValkeyConnections(cache, now_ms), ValkeyPresenceTraces(cache)
    aws = boto3.Session()
    return PresenceParts(
        settle=SettlePresence(
            now=PresenceNow(connections=connections, traces=traces, now_ms=now_ms),
            traces=traces,
            acquaintances=PostgresAcquaintances(postgres(settings.postgres)),
            watchers=ValkeyWatchers(cache, now_ms),
            grace=queue,
            frames=JsonSignalFrames(),
            tell=Tell(
                connections=connections,
                gateway=ApiGateway(aws_credentials(aws), aws.region_name),
                now_ms=now_ms,
                budget_s=TELLING_S,
            ),
        ),
        dead=KafkaDeadLetters(RecordProducer(settings.kafka)),
    )
