"""The HTTP API of conversations: creating them, their history, sync; and health."""

from natter import __version__
from natter.bootstrap import chat_api as bootstrap
from natter.domain.ids import ConversationId
from natter.entrypoints.http import Answer, HttpApi, Request
from natter.entrypoints.lazily import lazily
from natter.settings import ChatApiSettings
from natter.wire.http_conversations import (
    ConversationAnswer,
    EventsQuery,
    HealthAnswer,
    NewConversationBody,
    PageAnswer,
    SyncAnswer,
    SyncBody,
)


def build(chat: bootstrap.ChatService) -> HttpApi:
    api = HttpApi(authenticate=chat.authenticate, limits=chat.limits)

    @api.post("/v1/conversations", status=201)
    def create(request: Request) -> Answer:
        body = request.parse(NewConversationBody)
        view, is_new = chat.create(body.to_request(request.principal.user_id))
        return Answer(status=201 if is_new else 200, body=ConversationAnswer.of(view))

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

    @api.post("/v1/sync")
    def sync(request: Request) -> SyncAnswer:
        body = request.parse(SyncBody)
        synced = chat.sync(request.principal.user_id, body.to_positions(), limit=body.limit, cursor=body.cursor)
        return SyncAnswer.of(synced)

    @api.get("/v1/health", open_=True)
    def health(_: Request) -> Answer:
        if chat.check_health():
            return Answer(status=200, body=HealthAnswer(status="ok", version=__version__))
        return Answer(status=503, body=HealthAnswer(status="unavailable", version=__version__))

    return api


lambda_handler = lazily(lambda: build(bootstrap.chat_api(ChatApiSettings())))
