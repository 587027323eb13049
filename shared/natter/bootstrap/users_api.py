"""Puts `users_api` together."""

import boto3

from natter.adapters.connections_valkey import ValkeyConnections
from natter.adapters.gateway_apigateway import ApiGateway
from natter.adapters.passwords_argon2 import Argon2Passwords
from natter.adapters.rate_limits_valkey import ValkeyRateLimits
from natter.adapters.session_states_valkey import ValkeySessionStates
from natter.adapters.sessions_postgres import PostgresSessions
from natter.adapters.tickets_valkey import ValkeyTickets
from natter.adapters.users_postgres import PostgresUsers
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.identity import access_tokens, authenticate, postgres
from natter.settings import UsersApiSettings
from natter.usecases.end_session import EndOwnSession, EndSession
from natter.usecases.find_users import FindUsers
from natter.usecases.issue_ticket import IssueTicket
from natter.usecases.list_sessions import ListSessions
from natter.usecases.refresh_session import RefreshSession
from natter.usecases.sign_in import SignIn
from natter.usecases.sign_up import SignUp
from natter.usecases.user_service import UserService


def users_api(settings: UsersApiSettings) -> UserService:
    database, cache = postgres(settings.postgres), valkey(settings.valkey)
    tokens, limits, passwords = access_tokens(settings.tokens), ValkeyRateLimits(cache), Argon2Passwords()
    users, sessions = PostgresUsers(database), PostgresSessions(database)
    per_address = settings.limits.per_address
    aws = boto3.Session()
    end_session = EndSession(
        sessions=sessions,
        states=ValkeySessionStates(cache),
        connections=ValkeyConnections(cache, now_ms),
        gateway=ApiGateway(aws_credentials(aws), aws.region_name),
        clock=now_ms,
    )
    return UserService(
        authenticate=authenticate(database, cache, tokens),
        limits=limits,
        sign_up=SignUp(users=users, passwords=passwords, limits=limits, clock=now_ms, per_address=per_address),
        sign_in=SignIn(
            users=users,
            passwords=passwords,
            sessions=sessions,
            tokens=tokens,
            limits=limits,
            clock=now_ms,
            per_address=per_address,
        ),
        refresh_session=RefreshSession(sessions=sessions, tokens=tokens, end_session=end_session, clock=now_ms),
        list_sessions=ListSessions(sessions=sessions),
        end_session=EndOwnSession(sessions=sessions, end=end_session),
        issue_ticket=IssueTicket(tickets=ValkeyTickets(cache), socket_url=settings.sockets.url),
        find_users=FindUsers(users=users),
    )
