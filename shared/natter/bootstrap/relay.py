"""Puts `relay` together."""

from dataclasses import dataclass

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.settings import RelaySettings
from natter.usecases.accounts.forget_sessions import ForgetSessions
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.relay import Relay


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayParts:
    relay: Relay
    forget_sessions: ForgetSessions


def relay(settings: RelaySettings) -> RelayParts:
    database = postgres(settings.postgres)
    conversations = PostgresConversations(database)
    announce = Announce(
        conversations=conversations,
        admission=ValkeyAdmission(valkey(settings.valkey), conversations),
        log=KafkaCommandLog(RecordProducer(settings.kafka)),
    )
    return RelayParts(
        relay=Relay(conversations=conversations, announce=announce, now_ms=now_ms),
        forget_sessions=ForgetSessions(sessions=PostgresSessions(database), now_ms=now_ms),
    )
