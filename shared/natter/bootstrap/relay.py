"""Puts `relay` together."""

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.settings import RelaySettings
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.relay import Relay


def relay(settings: RelaySettings) -> Relay:
    conversations = PostgresConversations(postgres(settings.postgres))
    admission = ValkeyAdmission(valkey(settings.valkey), conversations)
    announce = Announce(
        conversations=conversations,
        admission=admission,
        log=KafkaCommandLog(RecordProducer(settings.kafka)),
    )
    return Relay(conversations=conversations, admission=admission, announce=announce, now_ms=now_ms)
