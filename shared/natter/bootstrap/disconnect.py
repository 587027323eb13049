"""Puts `disconnect` together."""

from natter.adapters.connections_valkey import ValkeyConnections
from natter.adapters.kafka import RecordProducer
from natter.adapters.logs_kafka import KafkaConnectionLog
from natter.adapters.presence_valkey import ValkeyPresenceTraces
from natter.bootstrap.common import now_ms, valkey
from natter.settings import DisconnectSettings
from natter.usecases.accounts.connect import Disconnect


def disconnect(settings: DisconnectSettings) -> Disconnect:
    cache = valkey(settings.valkey)
    return Disconnect(
        connections=ValkeyConnections(cache, now_ms),
        traces=ValkeyPresenceTraces(cache),
        log=KafkaConnectionLog(RecordProducer(settings.kafka)),
        now_ms=now_ms,
    )
