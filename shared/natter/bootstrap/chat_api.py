"""Puts `chat_api` together."""

from dataclasses import dataclass

from natter.adapters.cassandra import CassandraSession
from natter.adapters.conversations_postgres import PostgresConversations
from natter.adapters.head_cache_valkey import ValkeyHeadCache
from natter.adapters.kafka import RecordProducer
from natter.adapters.logs_kafka import KafkaCommandLog
from natter.adapters.rate_limits_valkey import ValkeyRateLimits
from natter.adapters.tables_cassandra import TIMELINE_STATEMENTS, CassandraTables
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import access_tokens, authenticate, postgres
from natter.bootstrap.warming import warmed
from natter.domain.ids import new_id
from natter.ports.limits import RateLimits
from natter.settings import ChatApiSettings
from natter.usecases.authenticate import Authenticate
from natter.usecases.check_health import CheckHealth
from natter.usecases.create_conversation import Create
from natter.usecases.read_events import ReadEvents, ReadPage
from natter.usecases.sync import Sync
from natter.usecases.view_conversations import ReadHeads, ViewConversations
from natter.wire.events import event_size


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatService:
    authenticate: Authenticate
    limits: RateLimits
    create: Create
    read_events: ReadEvents
    sync: Sync
    check_health: CheckHealth


def chat_api(settings: ChatApiSettings) -> ChatService:
    cache, database = valkey(settings.valkey), postgres(settings.postgres)
    session = CassandraSession(settings.keyspaces)
    warmed(lambda: session.warm(TIMELINE_STATEMENTS))
    conversations, timeline = PostgresConversations(database), CassandraTables(session)
    view = ViewConversations(heads=ReadHeads(cache=ValkeyHeadCache(cache), timeline=timeline), timeline=timeline)
    pages = ReadPage(timeline=timeline, size=event_size)
    return ChatService(
        authenticate=authenticate(database, cache, access_tokens(settings.tokens)),
        limits=ValkeyRateLimits(cache),
        create=Create(
            conversations=conversations,
            log=KafkaCommandLog(RecordProducer(settings.kafka)),
            view=view,
            new_id=new_id,
            now_ms=now_ms,
        ),
        read_events=ReadEvents(conversations=conversations, view=view, pages=pages),
        sync=Sync(conversations=conversations, view=view, pages=pages, size=event_size, now_ms=now_ms),
        check_health=CheckHealth(probes=(conversations, timeline)),
    )
