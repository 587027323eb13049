"""Puts `chat_api` together."""

from dataclasses import dataclass

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import READERS_READS, CassandraTimeline
from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.logs import KafkaCommandLog, KafkaReceiptLog
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.reports import PostgresReports
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.head_cache import ValkeyHeadCache
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.bootstrap.attachments import attachments
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import access_tokens, authenticate, postgres
from natter.bootstrap.members import member_service
from natter.bootstrap.warming import warmed
from natter.domain.ids import new_id
from natter.ports.limits import RateLimits
from natter.settings import ChatApiSettings
from natter.usecases.accounts.authenticate import Authenticate
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.link_attachment import LinkAttachment
from natter.usecases.attachments.offer_upload import OfferUpload
from natter.usecases.conversations.create_conversation import Create
from natter.usecases.conversations.member_service import MemberService
from natter.usecases.operations.check_health import CheckHealth
from natter.usecases.operations.report_event import ReportEvent
from natter.usecases.reading.read_events import ReadEvents, ReadPage
from natter.usecases.reading.read_inbox import ReadInbox
from natter.usecases.reading.sync import Sync
from natter.usecases.reading.view_conversations import ReadHeads, ViewConversation, ViewConversations
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.receipts.read_cursors import ReadCursors
from natter.wire.conversations import conversation_size
from natter.wire.events import event_size


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatService:
    authenticate: Authenticate
    limits: RateLimits
    create: Create
    read_inbox: ReadInbox
    view_conversation: ViewConversation
    members: MemberService
    read_events: ReadEvents
    sync: Sync
    note_receipt: NoteReceipt
    read_cursors: ReadCursors
    offer_upload: OfferUpload
    link_attachment: LinkAttachment
    report_event: ReportEvent
    check_health: CheckHealth


def chat_api(settings: ChatApiSettings) -> ChatService:
    cache, database = valkey(settings.valkey), postgres(settings.postgres)
    session = CassandraSession(settings.keyspaces)
    warmed(lambda: session.warm(READERS_READS))
    conversations, timeline = PostgresConversations(database), CassandraTimeline(session)
    producer = RecordProducer(settings.kafka)
    log = KafkaCommandLog(producer)
    admission, limits = ValkeyAdmission(cache, conversations), ValkeyRateLimits(cache)
    head_cache = ValkeyHeadCache(cache)
    heads = ReadHeads(cache=head_cache, timeline=timeline)
    view = ViewConversations(heads=heads, timeline=timeline)
    view_one = ViewConversation(conversations=conversations, view=view)
    pages = ReadPage(timeline=timeline, size=event_size)
    files = attachments(settings.attachments)
    return ChatService(
        authenticate=authenticate(database, cache, access_tokens(settings.tokens)),
        limits=limits,
        create=Create(
            conversations=conversations,
            log=log,
            view=view,
            new_id=new_id,
            now_ms=now_ms,
        ),
        read_inbox=ReadInbox(conversations=conversations, view=view, size=conversation_size),
        view_conversation=view_one,
        members=member_service(conversations, admission, log, cache),
        read_events=ReadEvents(view=view_one, pages=pages),
        sync=Sync(conversations=conversations, view=view, pages=pages, size=event_size, now_ms=now_ms),
        note_receipt=NoteReceipt(
            admission=admission,
            heads=head_cache,
            timeline=timeline,
            limits=limits,
            log=KafkaReceiptLog(producer),
        ),
        read_cursors=ReadCursors(admission=admission, heads=heads, timeline=timeline),
        offer_upload=OfferUpload(admission=admission, attachments=files, new_id=new_id),
        link_attachment=LinkAttachment(view=view_one, find=FindMessage(timeline=timeline), attachments=files),
        report_event=ReportEvent(view=view_one, timeline=timeline, reports=PostgresReports(database), now_ms=now_ms),
        check_health=CheckHealth(probes=(conversations, timeline)),
    )
