"""Puts `disconnect` together."""

from natter.adapters.connections_valkey import ValkeyConnections
from natter.adapters.kafka import RecordProducer
from natter.adapters.logs_kafka import KafkaConnectionLog
from natter.bootstrap.common import now_ms, valkey
from natter.settings import DisconnectSettings
from natter.usecases.connect import Disconnect


def disconnect(settings: DisconnectSettings) -> Disconnect:
    return Disconnect(
        connections=ValkeyConnections(valkey(settings.valkey), now_ms),
        log=KafkaConnectionLog(RecordProducer(settings.kafka)),
        now_ms=now_ms,
    )
