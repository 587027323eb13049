"""Puts `users_api` together."""

import boto3

from natter.adapters.aws_lambda.exporter import LAMBDA, LambdaExporter
from natter.adapters.passwords import Argon2Passwords
from natter.adapters.postgres.acquaintances import PostgresAcquaintances
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.erasures import PostgresErasures
from natter.adapters.postgres.exports import PostgresExports
from natter.adapters.postgres.identities import PostgresIdentities
from natter.adapters.postgres.relations import PostgresBlocks, PostgresContacts, PostgresProfiles
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.presence import ValkeyPresenceTraces
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.adapters.valkey.session_states import ValkeySessionStates
from natter.adapters.valkey.tickets import ValkeyTickets
from natter.bootstrap.attachments import archives
from natter.bootstrap.close_connections import closing
from natter.bootstrap.common import now_ms, valkey
from natter.bootstrap.identity import access_tokens, authenticate, identity_provider, postgres
from natter.domain.ids import new_id
from natter.settings import UsersApiSettings
from natter.usecases.accounts.change_password import ChangePassword
from natter.usecases.accounts.change_profile import ChangeProfile
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.end_session import CloseEnded, EndOwnSession, EndSession, EndSessions
from natter.usecases.accounts.find_users import FindUsers
from natter.usecases.accounts.issue_ticket import IssueTicket
from natter.usecases.accounts.keep_blocks import KeepBlocks
from natter.usecases.accounts.keep_contacts import KeepContacts
from natter.usecases.accounts.keep_devices import KeepDevices
from natter.usecases.accounts.list_sessions import ListSessions
from natter.usecases.accounts.open_session import OpenSession
from natter.usecases.accounts.refresh_session import RefreshSession
from natter.usecases.accounts.sign_in import SignIn
from natter.usecases.accounts.sign_in_by_provider import SignInByProvider
from natter.usecases.accounts.sign_up import SignUp
from natter.usecases.accounts.user_service import UserService
from natter.usecases.presence.read_presence import PresenceNow, ReadPresence
from natter.usecases.privacy.ask_for_export import AskForExport
from natter.usecases.privacy.erase_self import EraseSelf, EraseSelfByProvider, StartErasure


def users_api(settings: UsersApiSettings) -> UserService:
    database, cache = postgres(settings.postgres), valkey(settings.valkey)
    tokens, limits, passwords = access_tokens(settings.tokens), ValkeyRateLimits(cache), Argon2Passwords()
    users, sessions = PostgresUsers(database), PostgresSessions(database)
    conversations = PostgresConversations(database)
    per_address = settings.limits.per_address
    check = CheckPassword(users=users, passwords=passwords, limits=limits, per_address=per_address)
    states, connections = ValkeySessionStates(cache), ValkeyConnections(cache, now_ms)
    close = CloseEnded(connections=connections, close=closing(cache, settings.closures))
    end_sessions = EndSessions(sessions=sessions, states=states, close=close, clock=now_ms)
    open_session = OpenSession(sessions=sessions, tokens=tokens, end_sessions=end_sessions, clock=now_ms)
    start_erasure = StartErasure(erasures=PostgresErasures(database), end_sessions=end_sessions, clock=now_ms)
    provider = None if settings.oidc is None else identity_provider(settings.oidc)
    identities = PostgresIdentities(database)
    end_session = EndSession(sessions=sessions, states=states, close=close, clock=now_ms)
    return UserService(
        authenticate=authenticate(database, cache, tokens),
        limits=limits,
        sign_up=SignUp(users=users, passwords=passwords, limits=limits, clock=now_ms, per_address=per_address),
        sign_in=SignIn(users=users, check=check, open_session=open_session),
        sign_in_by_provider=None
        if provider is None
        else SignInByProvider(
            provider=provider,
            identities=identities,
            open_session=open_session,
            clock=now_ms,
        ),
        refresh_session=RefreshSession(sessions=sessions, tokens=tokens, end_session=end_session, clock=now_ms),
        list_sessions=ListSessions(sessions=sessions, clock=now_ms),
        end_session=EndOwnSession(sessions=sessions, end=end_session),
        issue_ticket=IssueTicket(tickets=ValkeyTickets(cache), socket_url=settings.sockets.url),
        token_keys=tokens,
        find_users=FindUsers(profiles=PostgresProfiles(database)),
        change_profile=ChangeProfile(users=users),
        change_password=ChangePassword(
            users=users,
            passwords=passwords,
            check=check,
            end_others=end_sessions,
        ),
        ask_for_export=AskForExport(
            exports=PostgresExports(database),
            archives=archives(settings.attachments),
            exporter=LambdaExporter(lambda: boto3.client("lambda", config=LAMBDA), settings.exporter.function),
            new_id=new_id,
            clock=now_ms,
        ),
        erase_self=EraseSelf(users=users, check=check, start=start_erasure),
        erase_self_by_provider=None
        if provider is None
        else EraseSelfByProvider(provider=provider, identities=identities, start=start_erasure),
        contacts=KeepContacts(contacts=PostgresContacts(database), clock=now_ms),
        blocks=KeepBlocks(
            blocks=PostgresBlocks(database),
            conversations=conversations,
            admission=ValkeyAdmission(cache, conversations),
            clock=now_ms,
        ),
        devices=KeepDevices(devices=PostgresDevices(database), clock=now_ms),
        read_presence=ReadPresence(
            acquaintances=PostgresAcquaintances(database),
            now=PresenceNow(connections=connections, traces=ValkeyPresenceTraces(cache), now_ms=now_ms),
        ),
    )
