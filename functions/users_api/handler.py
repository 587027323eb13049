"""The HTTP API of the user service: users, sessions, tickets."""

from natter.bootstrap import users_api as bootstrap
from natter.entrypoints.http import HttpApi, Request
from natter.entrypoints.lazily import lazily
from natter.settings import UsersApiSettings
from natter.usecases.user_service import UserService
from natter.wire.http_identity import (
    FindUsersQuery,
    ProfileAnswer,
    ProfilesAnswer,
    RefreshBody,
    SessionsAnswer,
    SignedInAnswer,
    SignInBody,
    SignUpBody,
    TicketAnswer,
    UserAnswer,
)


def build(users: UserService) -> HttpApi:
    api = HttpApi(authenticate=users.authenticate, limits=users.limits)

    @api.post("/v1/users", open_=True, status=201)
    def sign_up(request: Request) -> UserAnswer:
        return UserAnswer.of(users.sign_up(request.parse(SignUpBody).to_request(request.address)))

    @api.post("/v1/sessions", open_=True, status=201)
    def sign_in(request: Request) -> SignedInAnswer:
        return SignedInAnswer.of(users.sign_in(request.parse(SignInBody).to_request(request.address)))

    @api.post("/v1/sessions/refresh", open_=True)
    def refresh_session(request: Request) -> SignedInAnswer:
        return SignedInAnswer.of(users.refresh_session(request.parse(RefreshBody).refresh_token))

    @api.get("/v1/sessions")
    def list_sessions(request: Request) -> SessionsAnswer:
        return SessionsAnswer.of(users.list_sessions(request.principal), asking=request.principal.session_id)

    @api.delete("/v1/sessions/<which>")
    def end_session(request: Request) -> None:
        users.end_session(request.principal, request.path["which"])

    @api.post("/v1/tickets", status=201)
    def issue_ticket(request: Request) -> TicketAnswer:
        return TicketAnswer.of(users.issue_ticket(request.principal))

    @api.get("/v1/users/me")
    def read_self(request: Request) -> UserAnswer:
        return UserAnswer.of(users.find_users.by_id(request.principal.user_id))

    @api.get("/v1/users")
    def find_users(request: Request) -> ProfilesAnswer:
        return ProfilesAnswer.of(users.find_users.by_name(request.query(FindUsersQuery).username))

    @api.get("/v1/users/<user_id>")
    def read_user(request: Request) -> ProfileAnswer:
        return ProfileAnswer.of(users.find_users.by_id(request.path["user_id"]))

    return api


lambda_handler = lazily(lambda: build(bootstrap.users_api(UsersApiSettings())))
