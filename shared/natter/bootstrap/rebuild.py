"""Puts `rebuild` together."""

import boto3

from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.kafka.history import KafkaConnectionHistory
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.presence import ValkeyPresenceTraces
from natter.adapters.valkey.registry_marks import ValkeyRegistryMarks
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.domain.ids import new_id
from natter.settings import RebuildSettings
from natter.usecases.delivery.rebuild import Rebuild


def rebuild(settings: RebuildSettings) -> Rebuild:
    cache, aws = valkey(settings.valkey), boto3.Session()
    return Rebuild(
        marks=ValkeyRegistryMarks(cache),
        history=KafkaConnectionHistory(settings.kafka),
        connections=ValkeyConnections(cache, now_ms),
        traces=ValkeyPresenceTraces(cache),
        sessions=PostgresSessions(postgres(settings.postgres)),
        gateway=ApiGateway(aws_credentials(aws), aws.region_name),
        new_id=new_id,
        now_ms=now_ms,
    )
