"""Puts `send` together."""

from natter.adapters.content_check import NamedCheck
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.gate import ValkeyGate
from natter.bootstrap.attachments import attachments
from natter.bootstrap.common import valkey
from natter.bootstrap.identity import check_session, postgres
from natter.bootstrap.warming import warmed
from natter.names import COMMANDS_TOPIC
from natter.settings import SendSettings
from natter.usecases.messages.send import Send


def send(settings: SendSettings) -> Send:
    cache = valkey(settings.valkey)
    database, producer = postgres(settings.postgres), RecordProducer(settings.kafka)
    warmed(cache.warm, lambda: producer.warm([COMMANDS_TOPIC]))
    return Send(
        gate=ValkeyGate(cache, ValkeyAdmission(cache, PostgresConversations(database)), check_session(database, cache)),
        attachments=attachments(settings.attachments),
        log=KafkaCommandLog(producer),
        check=None if settings.content_check is None else NamedCheck(settings.content_check),
    )
