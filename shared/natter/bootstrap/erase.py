"""Puts `erase` together."""

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.erasures import PostgresErasures
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.presence import ValkeyPresenceTraces, ValkeyWatchers
from natter.adapters.valkey.session_states import ValkeySessionStates
from natter.bootstrap.attachments import archives, attachments
from natter.bootstrap.close_connections import closing
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import postgres
from natter.domain.ids import new_id
from natter.settings import EraseSettings
from natter.usecases.accounts.end_session import CloseEnded, EndSessions
from natter.usecases.conversations.announce import Announce
from natter.usecases.privacy.empty_words import EmptyWords
from natter.usecases.privacy.erase import Erase
from natter.usecases.privacy.leave_for_good import LeaveForGood


def erase(settings: EraseSettings) -> Erase:
    database, cache = postgres(settings.postgres), valkey(settings.valkey)
    session = CassandraSession(settings.keyspaces)
    conversations, erasures = PostgresConversations(database), PostgresErasures(database)
    connections = ValkeyConnections(cache, now_ms)
    return Erase(
        erasures=erasures,
        end_sessions=EndSessions(
            sessions=PostgresSessions(database),
            states=ValkeySessionStates(cache),
            close=CloseEnded(connections=connections, close=closing(cache, settings.closures)),
            clock=now_ms,
        ),
        connections=connections,
        traces=ValkeyPresenceTraces(cache),
        watchers=ValkeyWatchers(cache, now_ms),
        archives=archives(settings.attachments),
        leave=LeaveForGood(
            conversations=conversations,
            announce=Announce(
                conversations=conversations,
                admission=ValkeyAdmission(cache, conversations),
                log=KafkaCommandLog(RecordProducer(settings.kafka)),
            ),
            new_id=new_id,
            now_ms=now_ms,
        ),
        empty=EmptyWords(
            erasures=erasures,
            timeline=CassandraTimeline(session),
            store=CassandraEventStore(session),
            attachments=attachments(settings.attachments),
            now_ms=now_ms,
        ),
        now_ms=now_ms,
    )
