"""Puts `connect` together."""

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaConnectionLog
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.presence import ValkeyPresenceTraces
from natter.bootstrap.close_connections import closing
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import check_session, postgres
from natter.settings import ConnectSettings
from natter.usecases.accounts.connect import Connect


def connect(settings: ConnectSettings) -> Connect:
    cache = valkey(settings.valkey)
    return Connect(
        connections=ValkeyConnections(cache, now_ms),
        check_session=check_session(postgres(settings.postgres), cache),
        close=closing(cache, settings.closures),
        traces=ValkeyPresenceTraces(cache),
        log=KafkaConnectionLog(RecordProducer(settings.kafka)),
        now_ms=now_ms,
    )
