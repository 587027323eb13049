"""The HTTP API of conversations: creating them, their history, sync; and health."""

from natter import __version__
from natter.bootstrap import chat_api as bootstrap
from natter.domain.errors import Conflict, Forbidden, LastOwner, NotFound, NotMember
from natter.domain.ids import AttachmentId, ConversationId
from natter.domain.limits import SIGNALS
from natter.domain.receipts import Receipt
from natter.entrypoints.answers import Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.lazily import lazily
from natter.entrypoints.request import Request
from natter.settings import ChatApiSettings
from natter.wire.attachments import NewAttachmentAnswer, NewAttachmentBody
from natter.wire.conversations import (
    AddMembersBody,
    ConversationAnswer,
    ConversationPatch,
    MembersAnswer,
    NewConversationBody,
    RoleBody,
    SettingsPatch,
)
from natter.wire.lists import ListQuery, user_in_path
from natter.wire.operations import HealthAnswer, ReportBody
from natter.wire.reading import EventsQuery, InboxAnswer, PageAnswer, SyncAnswer, SyncBody
from natter.wire.receipts import CursorsAnswer, ReadBody


def build(chat: bootstrap.ChatService) -> HttpApi:
    api = HttpApi(authenticate=chat.authenticate, limits=chat.limits)
    _conversations(api, chat)
    _members(api, chat)
    _reading(api, chat)
    _serve_attachments(api, chat)

    @api.get("/v1/health", open_=True, also=(503,))
    def health(_: Request) -> Answer[HealthAnswer]:
        healthy = chat.check_health()
        return Answer(
            status=200 if healthy else 503,
            body=HealthAnswer(status="ok" if healthy else "unavailable", version=__version__),
        )

    return api


def _conversations(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """Conversations as a whole."""

    @api.post("/v1/conversations", status=201, also=(200,), raises=(NotFound, Conflict))
    def create_conversation(request: Request, body: NewConversationBody) -> Answer[ConversationAnswer]:
        view, is_new = chat.create(body.to_request(request.principal.user_id))
        return Answer(status=201 if is_new else 200, body=ConversationAnswer.of(view))

    @api.get("/v1/conversations")
    def read_inbox(request: Request, query: ListQuery) -> InboxAnswer:
        return InboxAnswer.of(chat.read_inbox(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.get("/v1/conversations/<conversation_id>", raises=(NotMember,))
    def view_conversation(request: Request) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return ConversationAnswer.of(chat.view_conversation(request.principal.user_id, conversation))

    @api.patch("/v1/conversations/<conversation_id>", raises=(NotMember, Forbidden))
    def restyle(request: Request, body: ConversationPatch) -> ConversationAnswer:
        user, conversation = request.principal.user_id, ConversationId(request.path["conversation_id"])
        chat.members.restyle(user, conversation, body.to_wanted())
        return ConversationAnswer.of(chat.view_conversation(user, conversation))


def _members(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """Who belongs to them, and how each wants to be shown them."""

    @api.patch("/v1/conversations/<conversation_id>/me", raises=(NotMember,))
    def change_settings(request: Request, body: SettingsPatch) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        chat.members.change_settings(request.principal, conversation, body.apply)
        return ConversationAnswer.of(chat.view_conversation(request.principal.user_id, conversation))

    @api.get("/v1/conversations/<conversation_id>/members", raises=(NotMember,))
    def list_members(request: Request, query: ListQuery) -> MembersAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        page = chat.members.list(request.principal.user_id, conversation, limit=query.limit, cursor=query.cursor)
        return MembersAnswer.of_page(page)

    @api.post("/v1/conversations/<conversation_id>/members", raises=(NotMember, Forbidden, Conflict))
    def add_members(request: Request, body: AddMembersBody) -> MembersAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return MembersAnswer.of(chat.members.add(request.principal.user_id, conversation, body.user_ids))

    @api.put(
        "/v1/conversations/<conversation_id>/members/<user_id>",
        status=204,
        raises=(NotMember, Forbidden, Conflict, LastOwner),
    )
    def set_role(request: Request, body: RoleBody) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        chat.members.set_role(request.principal.user_id, conversation, user, body.role)

    @api.delete("/v1/conversations/<conversation_id>/members/<user_id>", raises=(NotMember, Forbidden, LastOwner))
    def remove_member(request: Request) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        chat.members.remove(request.principal.user_id, conversation, user)


def _reading(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """What was said, and how far members have come."""

    @api.get("/v1/conversations/<conversation_id>/events", raises=(NotMember,))
    def read_events(request: Request, query: EventsQuery) -> PageAnswer:
        page = chat.read_events(
            request.principal.user_id,
            ConversationId(request.path["conversation_id"]),
            after=query.after,
            before=query.before,
            limit=query.limit,
        )
        return PageAnswer.of(page)

    @api.put("/v1/conversations/<conversation_id>/read", status=202, raises=(NotMember,))
    def note_read(request: Request, body: ReadBody) -> None:
        conversation = ConversationId(request.path["conversation_id"])
        chat.limits.take(SIGNALS, request.principal.user_id)  # as the frame does
        chat.note_receipt(Receipt(conversation_id=conversation, user_id=request.principal.user_id, read_seq=body.seq))

    @api.get("/v1/conversations/<conversation_id>/cursors", raises=(NotMember, Forbidden))
    def read_cursors(request: Request) -> CursorsAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return CursorsAnswer.of(chat.read_cursors(request.principal.user_id, conversation))

    @api.post("/v1/sync")
    def sync(request: Request, body: SyncBody) -> SyncAnswer:
        synced = chat.sync(request.principal.user_id, body.to_positions(), limit=body.limit, cursor=body.cursor)
        return SyncAnswer.of(synced)


def _serve_attachments(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """What messages show; and what is wrong with them."""

    @api.post("/v1/conversations/<conversation_id>/attachments", status=201, raises=(NotMember,))
    def offer_upload(request: Request, body: NewAttachmentBody) -> NewAttachmentAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return NewAttachmentAnswer.of(*chat.offer_upload(request.principal.user_id, conversation, body.to_file()))

    @api.get("/v1/conversations/<conversation_id>/attachments/<attachment_id>", status=302, raises=(NotMember,))
    def link_attachment(request: Request) -> Answer[None]:
        conversation = ConversationId(request.path["conversation_id"])
        attachment = AttachmentId(request.path["attachment_id"])
        link = chat.link_attachment(request.principal.user_id, conversation, attachment)
        return Answer(body=None, headers={"Location": link})

    @api.post("/v1/reports", status=202, raises=(NotMember, NotFound))
    def report_event(request: Request, body: ReportBody) -> None:
        chat.report_event(request.principal.user_id, body.conversation_id, body.seq, body.reason)


lambda_handler = lazily(lambda: build(bootstrap.chat_api(ChatApiSettings())))
