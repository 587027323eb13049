"""Puts `disconnect` together."""

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaConnectionLog
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.presence import ValkeyPresenceTraces
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
