"""The HTTP API of conversations: creating them, their history, sync; and health."""

from natter import __version__
from natter.bootstrap import chat_api as bootstrap
from natter.domain.ids import AttachmentId, ConversationId
from natter.domain.receipts import Receipt
from natter.entrypoints.http import Answer, HttpApi, Request
from natter.entrypoints.lazily import lazily
from natter.settings import ChatApiSettings
from natter.wire.http_attachments import NewAttachmentAnswer, NewAttachmentBody
from natter.wire.http_conversations import (
    ConversationAnswer,
    EventsQuery,
    HealthAnswer,
    InboxAnswer,
    NewConversationBody,
    PageAnswer,
    SyncAnswer,
    SyncBody,
)
from natter.wire.http_members import (
    AddMembersBody,
    ConversationPatch,
    MembersAnswer,
    RoleBody,
    SettingsPatch,
)
from natter.wire.http_receipts import CursorsAnswer, ReadBody
from natter.wire.http_reports import ReportBody
from natter.wire.lists import ListQuery, user_in_path


def build(chat: bootstrap.ChatService) -> HttpApi:
    api = HttpApi(authenticate=chat.authenticate, limits=chat.limits)
    _conversations(api, chat)
    _members(api, chat)
    _reading(api, chat)
    _serve_attachments(api, chat)

    @api.get("/v1/health", open_=True)
    def health(_: Request) -> Answer:
        if chat.check_health():
            return Answer(status=200, body=HealthAnswer(status="ok", version=__version__))
        return Answer(status=503, body=HealthAnswer(status="unavailable", version=__version__))

    return api


def _conversations(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """Conversations as a whole."""

    @api.post("/v1/conversations", status=201)
    def create(request: Request) -> Answer:
        body = request.parse(NewConversationBody)
        view, is_new = chat.create(body.to_request(request.principal.user_id))
        return Answer(status=201 if is_new else 200, body=ConversationAnswer.of(view))

    @api.get("/v1/conversations")
    def read_inbox(request: Request) -> InboxAnswer:
        query = request.query(ListQuery)
        return InboxAnswer.of(chat.read_inbox(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.get("/v1/conversations/<conversation_id>")
    def view_conversation(request: Request) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return ConversationAnswer.of(chat.view_conversation(request.principal.user_id, conversation))

    @api.patch("/v1/conversations/<conversation_id>")
    def restyle(request: Request) -> ConversationAnswer:
        user, conversation = request.principal.user_id, ConversationId(request.path["conversation_id"])
        chat.members.restyle(user, conversation, request.parse(ConversationPatch).to_wanted())
        return ConversationAnswer.of(chat.view_conversation(user, conversation))


def _members(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """Who belongs to them, and how each wants to be shown them."""

    @api.patch("/v1/conversations/<conversation_id>/me")
    def change_settings(request: Request) -> ConversationAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        chat.members.change_settings(request.principal, conversation, request.parse(SettingsPatch).apply)
        return ConversationAnswer.of(chat.view_conversation(request.principal.user_id, conversation))

    @api.get("/v1/conversations/<conversation_id>/members")
    def list_members(request: Request) -> MembersAnswer:
        query, conversation = request.query(ListQuery), ConversationId(request.path["conversation_id"])
        page = chat.members.list(request.principal.user_id, conversation, limit=query.limit, cursor=query.cursor)
        return MembersAnswer.of_page(page)

    @api.post("/v1/conversations/<conversation_id>/members")
    def add_members(request: Request) -> MembersAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        users = request.parse(AddMembersBody).user_ids
        return MembersAnswer.of(chat.members.add(request.principal.user_id, conversation, users))

    @api.put("/v1/conversations/<conversation_id>/members/<user_id>", status=204)
    def set_role(request: Request) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        chat.members.set_role(request.principal.user_id, conversation, user, request.parse(RoleBody).role)

    @api.delete("/v1/conversations/<conversation_id>/members/<user_id>")
    def remove_member(request: Request) -> None:
        conversation, user = ConversationId(request.path["conversation_id"]), user_in_path(request.path["user_id"])
        chat.members.remove(request.principal.user_id, conversation, user)


def _reading(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """What was said, and how far members have come."""

    @api.get("/v1/conversations/<conversation_id>/events")
    def read_events(request: Request) -> PageAnswer:
        query = request.query(EventsQuery)
        page = chat.read_events(
            request.principal.user_id,
            ConversationId(request.path["conversation_id"]),
            after=query.after,
            before=query.before,
            limit=query.limit,
        )
        return PageAnswer.of(page)

    @api.put("/v1/conversations/<conversation_id>/read", status=202)
    def read(request: Request) -> None:
        conversation = ConversationId(request.path["conversation_id"])
        seq = request.parse(ReadBody).seq
        chat.note_receipt(Receipt(conversation_id=conversation, user_id=request.principal.user_id, read_seq=seq))

    @api.get("/v1/conversations/<conversation_id>/cursors")
    def read_cursors(request: Request) -> CursorsAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        return CursorsAnswer.of(chat.read_cursors(request.principal.user_id, conversation))

    @api.post("/v1/sync")
    def sync(request: Request) -> SyncAnswer:
        body = request.parse(SyncBody)
        synced = chat.sync(request.principal.user_id, body.to_positions(), limit=body.limit, cursor=body.cursor)
        return SyncAnswer.of(synced)


def _serve_attachments(api: HttpApi, chat: bootstrap.ChatService) -> None:
    """What messages show; and what is wrong with them."""

    @api.post("/v1/conversations/<conversation_id>/attachments", status=201)
    def offer_upload(request: Request) -> NewAttachmentAnswer:
        conversation = ConversationId(request.path["conversation_id"])
        file = request.parse(NewAttachmentBody).to_file()
        return NewAttachmentAnswer.of(*chat.offer_upload(request.principal.user_id, conversation, file))

    @api.get("/v1/conversations/<conversation_id>/attachments/<attachment_id>")
    def link_attachment(request: Request) -> Answer:
        conversation = ConversationId(request.path["conversation_id"])
        attachment = AttachmentId(request.path["attachment_id"])
        link = chat.link_attachment(request.principal.user_id, conversation, attachment)
        return Answer(status=302, headers={"Location": link})

    @api.post("/v1/reports", status=202)
    def report_event(request: Request) -> None:
        body = request.parse(ReportBody)
        chat.report_event(request.principal.user_id, body.conversation_id, body.seq, body.reason)


lambda_handler = lazily(lambda: build(bootstrap.chat_api(ChatApiSettings())))
