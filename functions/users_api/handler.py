"""The HTTP API of the user service: users, sessions, tickets; contacts, blocks, devices; who is there."""

from natter.bootstrap import users_api as bootstrap
from natter.domain.errors import BadCredentials, BadRequest, BadToken, Forbidden, RateLimited, UsernameTaken
from natter.entrypoints.answers import Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.lazily import lazily
from natter.entrypoints.request import Request
from natter.settings import UsersApiSettings
from natter.usecases.accounts.sign_in_by_provider import SignInByProvider
from natter.usecases.accounts.user_service import UserService
from natter.wire.accounts import (
    DevicesAnswer,
    FindUsersQuery,
    KeysAnswer,
    PasswordBody,
    PeopleAnswer,
    ProfileAnswer,
    ProfilePatch,
    ProfilesAnswer,
    ProviderSignInBody,
    PushBody,
    RefreshBody,
    SessionsAnswer,
    SignedInAnswer,
    SignInBody,
    SignUpBody,
    TicketAnswer,
    UserAnswer,
)
from natter.wire.lists import ListQuery, device_in_path, user_in_path
from natter.wire.presence import PresenceQuery, PresencesAnswer
from natter.wire.privacy import ErasureBody, ExportAnswer, ProviderErasureBody

KEYS_MAX_AGE_S = 300
"""How long others may hold on to the keys of access tokens: a new key signs only when that has passed."""

EXPORT_RETRY_MS = 2000


def build(users: UserService) -> HttpApi:
    api = HttpApi(authenticate=users.authenticate, limits=users.limits)
    _sessions(api, users)
    if users.sign_in_by_provider is None:
        _passwords(api, users)
    else:
        _identity_provider(api, users.sign_in_by_provider)
    _erasure(api, users)
    _profiles(api, users)
    _relations(api, users)
    _devices(api, users)
    _presence(api, users)
    return api


def _sessions(api: HttpApi, users: UserService) -> None:
    """Since when one is who one is, and what proves it."""

    @api.get("/.well-known/jwks.json", open_=True)
    def publish_keys(_: Request) -> Answer[KeysAnswer]:
        return Answer(
            body=KeysAnswer.of(users.token_keys.public_keys()),
            headers={"Cache-Control": f"public, max-age={KEYS_MAX_AGE_S}"},
        )

    @api.post("/v1/sessions/refresh", open_=True, raises=(BadToken,))
    def refresh_session(_: Request, body: RefreshBody) -> SignedInAnswer:
        return SignedInAnswer.of(users.refresh_session(body.refresh_token))

    @api.get("/v1/sessions")
    def list_sessions(request: Request, query: ListQuery) -> SessionsAnswer:
        me = request.principal
        page = users.list_sessions(me, limit=query.limit, cursor=query.cursor)
        return SessionsAnswer.of(page, asking=me.session_id)

    @api.delete("/v1/sessions/<session_id>")
    def end_session(request: Request) -> None:
        users.end_session(request.principal, request.path["session_id"])

    @api.post("/v1/tickets", status=201)
    def issue_ticket(request: Request) -> TicketAnswer:
        return TicketAnswer.of(users.issue_ticket(request.principal))


def _passwords(api: HttpApi, users: UserService) -> None:
    """Who one is, by password."""

    @api.post("/v1/users", open_=True, status=201, raises=(UsernameTaken, RateLimited))
    def sign_up(request: Request, body: SignUpBody) -> UserAnswer:
        return UserAnswer.of(users.sign_up(body.to_request(request.address)))

    @api.post("/v1/sessions", open_=True, status=201, raises=(BadCredentials, RateLimited))
    def sign_in(request: Request, body: SignInBody) -> SignedInAnswer:
        return SignedInAnswer.of(users.sign_in(body.to_request(request.address)))

    @api.put("/v1/users/me/password", status=204, raises=(BadCredentials,))
    def change_password(request: Request, body: PasswordBody) -> None:
        users.change_password(request.principal, body.to_request(request.address))


def _identity_provider(api: HttpApi, sign_in_by_provider: SignInByProvider) -> None:
    """Who one is, by the word of the identity provider. There are no passwords."""

    @api.post("/v1/sessions", open_=True, status=201, raises=(BadCredentials,))
    def sign_in(_: Request, body: ProviderSignInBody) -> SignedInAnswer:
        return SignedInAnswer.of(sign_in_by_provider(body.to_request()))

    @api.post("/v1/users", open_=True, status=201, raises=(Forbidden,))
    def sign_up(_: Request) -> None:
        raise Forbidden("users come with their first sign-in by the identity provider")

    @api.put("/v1/users/me/password", status=204, raises=(Forbidden,))
    def change_password(_: Request) -> None:
        raise Forbidden("the identity provider keeps the passwords")


def _erasure(api: HttpApi, users: UserService) -> None:
    """How one goes for good, with another proof of who one is."""
    erase_by_provider = users.erase_self_by_provider
    if erase_by_provider is None:

        @api.delete("/v1/users/me", status=202, raises=(BadCredentials,))
        def erase_self(request: Request, body: ErasureBody) -> None:
            users.erase_self(request.principal, body.password, address=request.address)

    else:

        @api.delete("/v1/users/me", status=202, raises=(BadCredentials,))
        def erase_self_by_provider(request: Request, body: ProviderErasureBody) -> None:
            erase_by_provider(request.principal, body.id_token)


def _profiles(api: HttpApi, users: UserService) -> None:
    """How one is shown, and how others are."""

    @api.get("/v1/users/me")
    def read_self(request: Request) -> UserAnswer:
        me = request.principal.user_id
        return UserAnswer.of(users.find_users.by_id(me, me))

    @api.get("/v1/users/me/export", status=202, also=(302,))
    def export_self(request: Request) -> Answer[ExportAnswer]:
        link = users.ask_for_export(request.principal.user_id)
        if link is None:
            return Answer(body=ExportAnswer(retry_after_ms=EXPORT_RETRY_MS), headers={"Retry-After": "2"})
        return Answer(status=302, body=ExportAnswer(), headers={"Location": link})

    @api.patch("/v1/users/me")
    def change_profile(request: Request, body: ProfilePatch) -> UserAnswer:
        return UserAnswer.of(users.change_profile(request.principal.user_id, body.to_change()))

    @api.get("/v1/users")
    def find_users(request: Request, query: FindUsersQuery) -> ProfilesAnswer:
        return ProfilesAnswer.of(users.find_users.by_name(request.principal.user_id, query.username))

    @api.get("/v1/users/<user_id>")
    def read_user(request: Request) -> ProfileAnswer:
        return ProfileAnswer.of(users.find_users.by_id(request.principal.user_id, request.path["user_id"]))


def _relations(api: HttpApi, users: UserService) -> None:
    """Whom one keeps, and whom one keeps away."""

    @api.get("/v1/contacts")
    def list_contacts(request: Request, query: ListQuery) -> PeopleAnswer:
        page = users.contacts.page(request.principal.user_id, limit=query.limit, cursor=query.cursor)
        return PeopleAnswer.of(page)

    @api.put("/v1/contacts/<user_id>", status=204, raises=(BadRequest,))
    def add_contact(request: Request) -> None:
        users.contacts.add(request.principal.user_id, user_in_path(request.path["user_id"]))

    @api.delete("/v1/contacts/<user_id>")
    def remove_contact(request: Request) -> None:
        users.contacts.remove(request.principal.user_id, user_in_path(request.path["user_id"]))

    @api.get("/v1/blocks")
    def list_blocks(request: Request, query: ListQuery) -> PeopleAnswer:
        return PeopleAnswer.of(users.blocks.page(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.put("/v1/blocks/<user_id>", status=204, raises=(BadRequest,))
    def block(request: Request) -> None:
        users.blocks.add(request.principal.user_id, user_in_path(request.path["user_id"]))

    @api.delete("/v1/blocks/<user_id>")
    def unblock(request: Request) -> None:
        users.blocks.remove(request.principal.user_id, user_in_path(request.path["user_id"]))


def _presence(api: HttpApi, users: UserService) -> None:
    """Whether others are there."""

    @api.get("/v1/presence")
    def read_presence(request: Request, query: PresenceQuery) -> PresencesAnswer:
        return PresencesAnswer.of(users.read_presence(request.principal.user_id, query.user_id))


def _devices(api: HttpApi, users: UserService) -> None:
    """On what one is signed in, and where that is woken."""

    @api.get("/v1/devices")
    def list_devices(request: Request, query: ListQuery) -> DevicesAnswer:
        return DevicesAnswer.of(users.devices.page(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.put("/v1/devices/<device_id>/push", status=204)
    def register_push(request: Request, body: PushBody) -> None:
        device = device_in_path(request.path["device_id"])
        users.devices.register_push(request.principal.user_id, device, body.to_target())

    @api.delete("/v1/devices/<device_id>/push")
    def drop_push(request: Request) -> None:
        users.devices.drop_push(request.principal.user_id, device_in_path(request.path["device_id"]))


lambda_handler = lazily(lambda: build(bootstrap.users_api(UsersApiSettings())))
