"""The HTTP API of the user service: users, sessions, tickets; contacts, blocks, devices; who is there."""

from natter.bootstrap.engines import Engines
from natter.domain.accounts.users import SignedIn
from natter.domain.errors import BadCredentials, BadRequest, BadToken, Forbidden, RateLimited, UsernameTaken
from natter.domain.ids import new_id
from natter.entrypoints import refresh_cookie
from natter.entrypoints.answers import BY_ACCEPT, Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.lazily import lazily
from natter.entrypoints.request import Request
from natter.ports.accounts import IdentityProvider
from natter.settings import UsersApiSettings
from natter.usecases.accounts.change_password import ChangePassword
from natter.usecases.accounts.change_profile import ChangeProfile
from natter.usecases.accounts.end_session import EndOwnSession
from natter.usecases.accounts.find_users import FindUsers
from natter.usecases.accounts.issue_ticket import IssueTicket
from natter.usecases.accounts.keep_blocks import KeepBlocks
from natter.usecases.accounts.keep_contacts import KeepContacts
from natter.usecases.accounts.keep_devices import KeepDevices
from natter.usecases.accounts.list_sessions import ListSessions
from natter.usecases.accounts.refresh_session import RefreshSession
from natter.usecases.accounts.sign_in import SignIn
from natter.usecases.accounts.sign_in_by_provider import SignInByProvider
from natter.usecases.accounts.sign_up import SignUp
from natter.usecases.presence.read_presence import ReadPresence
from natter.usecases.privacy.ask_for_export import AskForExport
from natter.usecases.privacy.erase_self import EraseSelf, EraseSelfByProvider, RequestErasure
from natter.usecases.push.keep_notifications import KeepNotifications
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
    RefreshBy,
    SessionsAnswer,
    SignedInAnswer,
    SignInBody,
    SignUpBody,
    TicketAnswer,
    UserAnswer,
    WebKeyAnswer,
)
from natter.wire.lists import ListQuery, device_in_path, user_in_path
from natter.wire.notifications import NotificationsAnswer, NotificationsPatch
from natter.wire.presence import PresenceQuery, PresencesAnswer
from natter.wire.privacy import ErasureBody, ExportAnswer, ProviderErasureBody

KEYS_MAX_AGE_S = 300
"""How long others may hold on to the keys of access tokens: a new key signs only when that has passed."""

EXPORT_RETRY_MS = 2000


def build(engines: Engines) -> HttpApi:
    api = HttpApi(
        authenticate=engines.authenticate, limits=engines.rate_limits, edge=engines.edge, web_app=engines.web_app
    )
    _sessions(api, engines)
    if engines.identity_provider is None:
        _passwords(api, engines)
    else:
        _identity_provider(api, engines, engines.identity_provider)
    _profiles(api, engines)
    _export(api, engines)
    _contacts(api, engines)
    _blocks(api, engines)
    _devices(api, engines)
    _presence(api, engines)
    return api


def _sessions(api: HttpApi, engines: Engines) -> None:
    """Since when one is who one is, and what proves it."""
    token_keys = engines.token_keys
    refresh = RefreshSession(
        sessions=engines.sessions,
        tokens=engines.access_tokens,
        limits=engines.rate_limits,
        end_session=engines.end_session,
        now_ms=engines.now_ms,
    )
    sessions_of = ListSessions(sessions=engines.sessions, now_ms=engines.now_ms)
    end = EndOwnSession(sessions=engines.sessions, end=engines.end_session)
    ticket_for = IssueTicket(tickets=engines.tickets, socket_url=engines.socket_url)

    @api.get("/.well-known/jwks.json", open_=True)
    def publish_keys(_: Request) -> Answer[KeysAnswer]:
        return Answer(
            body=KeysAnswer.of(token_keys.public_keys()),
            headers={"Cache-Control": f"public, max-age={KEYS_MAX_AGE_S}"},
        )

    @api.post("/v1/sessions/refresh", open_=True, raises=(BadToken, Forbidden, RateLimited))
    def refresh_session(request: Request, body: RefreshBody) -> Answer[SignedInAnswer]:
        if body.refresh_token is not None:
            return _signed_in(request, refresh(body.refresh_token), "body")
        token = refresh_cookie.read(request)
        if token is None:
            raise BadRequest("refresh_token: Field required")
        return _signed_in(request, refresh(token), "cookie")

    @api.get("/v1/sessions")
    def list_sessions(request: Request, query: ListQuery) -> SessionsAnswer:
        me = request.principal
        page = sessions_of(me, limit=query.limit, cursor=query.cursor)
        return SessionsAnswer.of(page, asking=me.session_id)

    @api.delete("/v1/sessions/<session_id>")
    def end_session(request: Request) -> None:
        end(request.principal, request.path["session_id"])

    @api.post("/v1/tickets", status=201)
    def issue_ticket(request: Request) -> TicketAnswer:
        return TicketAnswer.of(ticket_for(request.principal))


def _signed_in(request: Request, signed_in: SignedIn, by: RefreshBy) -> Answer[SignedInAnswer]:
    cookies = (refresh_cookie.make(request, signed_in.refresh_token),) if by == "cookie" else ()
    return Answer(body=SignedInAnswer.of(signed_in, by), cookies=cookies)


def _passwords(api: HttpApi, engines: Engines) -> None:
    """Who one is, by password: the proof for going, too."""
    users, passwords, check = engines.users, engines.passwords, engines.check_password
    add_user = SignUp(
        users=users,
        passwords=passwords,
        limits=engines.rate_limits,
        now_ms=engines.now_ms,
        per_address=engines.per_address,
    )
    open_session = SignIn(users=users, check=check, open_session=engines.open_session)
    replace_password = ChangePassword(users=users, passwords=passwords, check=check, end_others=engines.end_sessions)
    erase = EraseSelf(users=users, check=check, start=_start_erasure(engines))

    @api.post("/v1/users", open_=True, status=201, raises=(UsernameTaken, RateLimited))
    def sign_up(request: Request, body: SignUpBody) -> UserAnswer:
        return UserAnswer.of(add_user(body.to_request(request.address)))

    @api.post("/v1/sessions", open_=True, status=201, raises=(BadCredentials, Forbidden, RateLimited))
    def sign_in(request: Request, body: SignInBody) -> Answer[SignedInAnswer]:
        return _signed_in(request, open_session(body.to_request(request.address)), body.refresh)

    @api.put("/v1/users/me/password", status=204, raises=(BadCredentials,))
    def change_password(request: Request, body: PasswordBody) -> None:
        replace_password(request.principal, body.to_request(request.address))

    @api.delete("/v1/users/me", status=202, raises=(BadCredentials,))
    def erase_self(request: Request, body: ErasureBody) -> None:
        erase(request.principal, body.password, address=request.address)


def _identity_provider(api: HttpApi, engines: Engines, provider: IdentityProvider) -> None:
    """Who one is, by the word of the identity provider. There are no passwords."""
    open_session = SignInByProvider(
        provider=provider,
        identities=engines.identities,
        open_session=engines.open_session,
        limits=engines.rate_limits,
        now_ms=engines.now_ms,
        per_address=engines.per_address,
    )
    erase = EraseSelfByProvider(provider=provider, identities=engines.identities, start=_start_erasure(engines))

    @api.post("/v1/sessions", open_=True, status=201, raises=(BadCredentials, Forbidden, RateLimited))
    def sign_in(request: Request, body: ProviderSignInBody) -> Answer[SignedInAnswer]:
        return _signed_in(request, open_session(body.to_request(request.address)), body.refresh)

    @api.post("/v1/users", open_=True, status=201, raises=(Forbidden,))
    def sign_up(_: Request) -> None:
        raise Forbidden("users come with their first sign-in by the identity provider")

    @api.put("/v1/users/me/password", status=204, raises=(Forbidden,))
    def change_password(_: Request) -> None:
        raise Forbidden("the identity provider keeps the passwords")

    @api.delete("/v1/users/me", status=202, raises=(BadCredentials,))
    def erase_self_by_provider(request: Request, body: ProviderErasureBody) -> None:
        erase(request.principal, body.id_token)


def _start_erasure(engines: Engines) -> RequestErasure:
    return RequestErasure(erasures=engines.erasures, end_sessions=engines.end_sessions, now_ms=engines.now_ms)


def _profiles(api: HttpApi, engines: Engines) -> None:
    """How one is shown, and how others are."""
    find = FindUsers(profiles=engines.profiles)
    change = ChangeProfile(users=engines.users)

    @api.get("/v1/users/me")
    def read_self(request: Request) -> UserAnswer:
        me = request.principal.user_id
        return UserAnswer.of(find.by_id(me, me))

    @api.patch("/v1/users/me")
    def change_profile(request: Request, body: ProfilePatch) -> UserAnswer:
        return UserAnswer.of(change(request.principal.user_id, body.to_change()))

    @api.get("/v1/users")
    def find_users(request: Request, query: FindUsersQuery) -> ProfilesAnswer:
        return ProfilesAnswer.of(find.by_name(request.principal.user_id, query.username))

    @api.get("/v1/users/<user_id>")
    def read_user(request: Request) -> ProfileAnswer:
        return ProfileAnswer.of(find.by_id(request.principal.user_id, request.path["user_id"]))


def _export(api: HttpApi, engines: Engines) -> None:
    """What is known of one."""
    ask = AskForExport(
        exports=engines.exports,
        archives=engines.archives,
        exporter=engines.exporter,
        new_id=new_id,
        now_ms=engines.now_ms,
    )

    @api.get("/v1/users/me/export", status=202, also=(200, 302))
    def export_self(request: Request) -> Answer[ExportAnswer]:
        link = ask(request.principal.user_id)
        if link is None:
            return Answer(body=ExportAnswer(retry_after_ms=EXPORT_RETRY_MS), headers={"Retry-After": "2"})
        if request.asks_for_json:
            return Answer(status=200, body=ExportAnswer(url=link), headers=BY_ACCEPT)
        return Answer(status=302, body=ExportAnswer(), headers={"Location": link, **BY_ACCEPT})


def _contacts(api: HttpApi, engines: Engines) -> None:
    """Whom one keeps."""
    contacts = KeepContacts(contacts=engines.contacts, now_ms=engines.now_ms)

    @api.get("/v1/contacts")
    def list_contacts(request: Request, query: ListQuery) -> PeopleAnswer:
        page = contacts.page(request.principal.user_id, limit=query.limit, cursor=query.cursor)
        return PeopleAnswer.of(page)

    @api.put("/v1/contacts/<user_id>", status=204, raises=(BadRequest,))
    def add_contact(request: Request) -> None:
        contacts.add(request.principal.user_id, user_in_path(request.path["user_id"]))

    @api.delete("/v1/contacts/<user_id>")
    def remove_contact(request: Request) -> None:
        contacts.remove(request.principal.user_id, user_in_path(request.path["user_id"]))


def _blocks(api: HttpApi, engines: Engines) -> None:
    """Whom one keeps away."""
    blocks = KeepBlocks(
        blocks=engines.blocks,
        conversations=engines.conversations,
        admission=engines.admission,
        now_ms=engines.now_ms,
    )

    @api.get("/v1/blocks")
    def list_blocks(request: Request, query: ListQuery) -> PeopleAnswer:
        return PeopleAnswer.of(blocks.page(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.put("/v1/blocks/<user_id>", status=204, raises=(BadRequest,))
    def block(request: Request) -> None:
        blocks.add(request.principal.user_id, user_in_path(request.path["user_id"]))

    @api.delete("/v1/blocks/<user_id>")
    def unblock(request: Request) -> None:
        blocks.remove(request.principal.user_id, user_in_path(request.path["user_id"]))


def _presence(api: HttpApi, engines: Engines) -> None:
    """Whether others are there."""
    read = ReadPresence(acquaintances=engines.acquaintances, now=engines.presence_now)

    @api.get("/v1/presence")
    def read_presence(request: Request, query: PresenceQuery) -> PresencesAnswer:
        return PresencesAnswer.of(read(request.principal.user_id, query.user_id))


def _devices(api: HttpApi, engines: Engines) -> None:
    """On what one is signed in, and where and how that is woken."""
    devices = KeepDevices(
        devices=engines.devices,
        endpoints=engines.push_endpoints,
        abandoned=engines.abandoned_endpoints,
        limits=engines.rate_limits,
        now_ms=engines.now_ms,
    )
    web_key = engines.web_key
    notifications = KeepNotifications(settings=engines.notification_settings, tell=engines.tell, frames=engines.frames)

    @api.get("/v1/devices")
    def list_devices(request: Request, query: ListQuery) -> DevicesAnswer:
        return DevicesAnswer.of(devices.page(request.principal.user_id, limit=query.limit, cursor=query.cursor))

    @api.put("/v1/devices/<device_id>/push", status=204)
    def register_push(request: Request, body: PushBody) -> None:
        device = device_in_path(request.path["device_id"])
        devices.register_push(request.principal.user_id, device, body.to_target())

    @api.get("/v1/push/web-key", open_=True)
    def read_web_key(_: Request) -> WebKeyAnswer:
        return WebKeyAnswer(public_key=web_key.public_key())

    @api.delete("/v1/devices/<device_id>/push")
    def drop_push(request: Request) -> None:
        devices.drop_push(request.principal.user_id, device_in_path(request.path["device_id"]))

    @api.get("/v1/users/me/notifications")
    def read_notifications(request: Request) -> NotificationsAnswer:
        return NotificationsAnswer.of(notifications.of(request.principal.user_id))

    @api.patch("/v1/users/me/notifications")
    def change_notifications(request: Request, body: NotificationsPatch) -> NotificationsAnswer:
        return NotificationsAnswer.of(notifications.change(request.principal, body.apply))


lambda_handler = lazily(lambda: build(Engines(UsersApiSettings())))
