"""The HTTP API of conversations: creating them, their history, sync; and health."""

from natter import __version__
from natter.bootstrap.engines import Engines
from natter.domain.errors import Conflict, Forbidden, LastOwner, NotFound, NotMember
from natter.domain.ids import AttachmentId, ConversationId, new_id
from natter.domain.limits import SIGNALS
from natter.domain.receipts import Receipt
from natter.entrypoints.answers import BY_ACCEPT, Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.request import Request
from natter.settings import ChatApiSettings
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.link_attachment import LinkAttachment
from natter.usecases.attachments.offer_upload import OfferUpload
from natter.usecases.conversations.change_conversation import ChangeConversation
from natter.usecases.conversations.change_members import AddMembers, ChangeRole, RemoveMember
from natter.usecases.conversations.change_settings import ChangeSettings
from natter.usecases.conversations.create_conversation import Create
from natter.usecases.conversations.list_members import ListMembers
from natter.usecases.operations.check_health import CheckHealth
from natter.usecases.operations.report_event import ReportEvent
from natter.usecases.reading.read_events import ReadEvents
from natter.usecases.reading.read_inbox import ReadInbox
from natter.usecases.reading.sync import Sync
from natter.usecases.receipts.read_cursors import ReadCursors
from natter.wire.attachments import DownloadAnswer, NewAttachmentAnswer, NewAttachmentBody
from natter.wire.conversations import (
    AddMembersBody,
    ConversationAnswer,
    ConversationPatch,
    MembersAnswer,
    NewConversationBody,
    RoleBody,
    SettingsPatch,
    conversation_size,
)
from natter.wire.events import event_size
from natter.wire.lists import ListQuery, user_in_path
from natter.wire.operations import HealthAnswer, ReportBody
from natter.wire.reading import EventsQuery, InboxAnswer, PageAnswer, SyncAnswer, SyncBody
from natter.wire.receipts import CursorsAnswer, ReadBody


def build(engines: Engines) -> HttpApi:
    api = HttpApi(authenticate=engines.authenticate, limits=engines.rate_limits, edge=engines.edge)
    _conversations(api, engines)
    _settings(api, engines)
    _members(api, engines)
    _reading(api, engines)
    _receipts(api, engines)
    _serve_attachments(api, engines)
    _reports(api, engines)
    _health(api, engines)
    return api


def _conversations(api: HttpApi, engines: Engines) -> None:
    """Conversations as a whole."""
    view = engines.view_conversation
    create = Create(
        conversations=engines.conversations,
        limits=engines.rate_limits,
        log=engines.commands,
        view=engines.view_conversations,
        new_id=new_id,
        now_ms=engines.now_ms,
    )
    inbox = ReadInbox(conversations=engines.conversations, view=engines.view_conversations, size=conversation_size)
    change = ChangeConversation(
        conversations=engines.conversations, announce=engines.announce, new_id=new_id, now_ms=engines.now_ms
    )

    @api.post("/v1/conversations", status=201, also=(200,), raises=(NotFound, Conflict))
    def create_conversation(request: Request, body: NewConversationBody) -> Answer[ConversationAnswer]:
        made, is_new = create(body.to_request(request.principal.user_id))
        return Answer(status=201 if is_new else 200, body=ConversationAnswer.of(made))

    @api.get("/v1/conversations")
    def read_inbox(request: Request, query: ListQuery) -> InboxAnswer:
        return InboxAnswer.of(inbox(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.get("/v1/conversations/<conversation_id>", raises=(NotMember,))
    def view_conversation(request: Request) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return ConversationAnswer.of(view(request.principal.user_id, conversation))

    @api.patch("/v1/conversations/<conversation_id>", raises=(NotMember, Forbidden))
    def change_conversation(request: Request, body: ConversationPatch) -> ConversationAnswer:
        user, conversation = request.principal.user_id, ConversationId(request.path["conversation_id"])
        change(user, conversation, body.to_wanted())
        return ConversationAnswer.of(view(user, conversation))


def _settings(api: HttpApi, engines: Engines) -> None:
    """How members want to be shown them."""
    view = engines.view_conversation
    change = ChangeSettings(conversations=engines.conversations, tell=engines.tell, frames=engines.frames)

    @api.patch("/v1/conversations/<conversation_id>/me", raises=(NotMember,))
    def change_settings(request: Request, body: SettingsPatch) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        change(request.principal, conversation, body.apply)
        return ConversationAnswer.of(view(request.principal.user_id, conversation))


def _members(api: HttpApi, engines: Engines) -> None:
    """Who belongs to them."""
    conversations, announce, now_ms = engines.conversations, engines.announce, engines.now_ms
    members_of = ListMembers(conversations=conversations, admission=engines.admission)
    add = AddMembers(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms)
    give_role = ChangeRole(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms)
    remove = RemoveMember(conversations=conversations, announce=announce, new_id=new_id, now_ms=now_ms)

    @api.get("/v1/conversations/<conversation_id>/members", raises=(NotMember,))
    def list_members(request: Request, query: ListQuery) -> MembersAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        page = members_of(request.principal.user_id, conversation, limit=query.limit, cursor=query.cursor)
        return MembersAnswer.of_page(page)

    @api.post("/v1/conversations/<conversation_id>/members", raises=(NotMember, Forbidden, Conflict))
    def add_members(request: Request, body: AddMembersBody) -> MembersAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return MembersAnswer.of(add(request.principal.user_id, conversation, body.user_ids))

    @api.put(
        "/v1/conversations/<conversation_id>/members/<user_id>",
        status=204,
        raises=(NotMember, Forbidden, Conflict, LastOwner),
    )
    def set_role(request: Request, body: RoleBody) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        give_role(request.principal.user_id, conversation, user, body.role)

    @api.delete("/v1/conversations/<conversation_id>/members/<user_id>", raises=(NotMember, Forbidden, LastOwner))
    def remove_member(request: Request) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        remove(request.principal.user_id, conversation, user)


def _reading(api: HttpApi, engines: Engines) -> None:
    """What was said."""
    read = ReadEvents(view=engines.view_conversation, pages=engines.read_page)
    catch_up = Sync(
        conversations=engines.conversations,
        view=engines.view_conversations,
        pages=engines.read_page,
        size=event_size,
        now_ms=engines.now_ms,
    )

    @api.get("/v1/conversations/<conversation_id>/events", raises=(NotMember,))
    def read_events(request: Request, query: EventsQuery) -> PageAnswer:
        page = read(
            request.principal.user_id,
            ConversationId(request.path["conversation_id"]),
            after=query.after,
            before=query.before,
            limit=query.limit,
        )
        return PageAnswer.of(page)

    @api.post("/v1/sync")
    def sync(request: Request, body: SyncBody) -> SyncAnswer:
        synced = catch_up(request.principal.user_id, body.to_positions(), limit=body.limit, cursor=body.cursor)
        return SyncAnswer.of(synced)


def _receipts(api: HttpApi, engines: Engines) -> None:
    """How far members have come."""
    note, limits = engines.note_receipt, engines.rate_limits
    cursors_of = ReadCursors(
        admission=engines.admission,
        blocks=engines.blocks,
        heads=engines.read_heads,
        timeline=engines.timeline,
    )

    @api.put("/v1/conversations/<conversation_id>/read", status=202, raises=(NotMember,))
    def note_read(request: Request, body: ReadBody) -> None:
        conversation = ConversationId(request.path["conversation_id"])
        limits.take(SIGNALS, request.principal.user_id)  # as the frame does
        by = request.principal
        note(Receipt(conversation_id=conversation, user_id=by.user_id, read_seq=body.seq, device_id=by.device_id))

    @api.get("/v1/conversations/<conversation_id>/cursors", raises=(NotMember, Forbidden))
    def read_cursors(request: Request) -> CursorsAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return CursorsAnswer.of(cursors_of(request.principal.user_id, conversation))


def _serve_attachments(api: HttpApi, engines: Engines) -> None:
    """What messages show."""
    offer = OfferUpload(admission=engines.admission, attachments=engines.attachments, new_id=new_id)
    link = LinkAttachment(
        view=engines.view_conversation, find=FindMessage(timeline=engines.timeline), attachments=engines.attachments
    )

    @api.post("/v1/conversations/<conversation_id>/attachments", status=201, raises=(NotMember,))
    def offer_upload(request: Request, body: NewAttachmentBody) -> NewAttachmentAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return NewAttachmentAnswer.of(*offer(request.principal.user_id, conversation, body.to_file()))

    @api.get(
        "/v1/conversations/<conversation_id>/attachments/<attachment_id>", status=302, also=(200,), raises=(NotMember,)
    )
    def link_attachment(request: Request) -> Answer[DownloadAnswer | None]:
        conversation = ConversationId(request.path["conversation_id"])
        attachment = AttachmentId(request.path["attachment_id"])
        download = link(request.principal.user_id, conversation, attachment)
        if request.asks_for_json:
            return Answer(status=200, body=DownloadAnswer.of(download), headers=BY_ACCEPT)
        return Answer(body=None, headers={"Location": download.url, **BY_ACCEPT})


def _reports(api: HttpApi, engines: Engines) -> None:
    """What is wrong with what was said."""
    report = ReportEvent(
        view=engines.view_conversation,
        timeline=engines.timeline,
        reports=engines.reports,
        limits=engines.rate_limits,
        now_ms=engines.now_ms,
    )

    @api.post("/v1/reports", status=202, raises=(NotMember, NotFound))
    def report_event(request: Request, body: ReportBody) -> None:
        report(request.principal.user_id, body.conversation_id, body.seq, body.reason)


def _health(api: HttpApi, engines: Engines) -> None:
    """Whether the stores answer."""
    check = CheckHealth(probes=engines.probes)

    @api.get("/v1/health", open_=True, also=(503,))
    def health(_: Request) -> Answer[HealthAnswer]:
        healthy = check()
        return Answer(
            status=200 if healthy else 503,
            body=HealthAnswer(status="ok" if healthy else "unavailable", version=__version__),
        )


def _made() -> LambdaHandler:
    engines = Engines(ChatApiSettings())
    engines.warm(engines.prepare_reading)
    return build(engines)


lambda_handler = lazily(_made)
