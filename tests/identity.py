"""What tests of identity share: people, a clock that stands still, and a user service made of memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import argon2.profiles

from natter.adapters.passwords import Argon2Passwords
from natter.domain.accounts.requests import NewUser, OnDevice, SignInRequest
from natter.domain.accounts.users import Device, Platform, Principal, Session, User
from natter.domain.connections import Connection, Found
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId, new_id
from natter.usecases.accounts.authenticate import Authenticate, CheckSession, RedeemTicket
from natter.usecases.accounts.change_password import ChangePassword
from natter.usecases.accounts.change_profile import ChangeProfile
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.end_session import CloseConnections, EndOwnSession, EndSession, EndSessions
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
from natter.wire.json_frames import JsonFrames
from tests.memory.access_tokens import MemoryAccessTokens
from tests.memory.acquaintances import MemoryAcquaintances
from tests.memory.admission import MemoryAdmission
from tests.memory.conversations import MemoryConversations
from tests.memory.devices import MemoryDevices
from tests.memory.erasures import MemoryErasures
from tests.memory.exports import MemoryArchives, MemoryExporter, MemoryExports
from tests.memory.identities import MemoryIdentities
from tests.memory.identity_provider import MemoryIdentityProvider
from tests.memory.presence import MemoryPresenceTraces, MemoryTellingPace, MemoryWatchers
from tests.memory.rate_limits import MemoryRateLimits
from tests.memory.relations import MemoryBlocks, MemoryContacts, MemoryProfiles
from tests.memory.reports import MemoryReports
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions
from tests.memory.tickets import MemoryTickets
from tests.memory.users import MemoryUsers

NOON = 1_800_000_000_000
PASSWORD = "correct horse battery"


def a_principal() -> Principal:
    return Principal(user_id=UserId(new_id()), device_id=DeviceId(new_id()), session_id=SessionId(new_id()))


def a_user(username: str | None = None, **changes: Any) -> User:
    user_id = UserId(new_id())
    name = username or f"u{user_id.replace('-', '')[-20:]}"
    return replace(User(user_id=user_id, username=name, display_name="Ann", created_at=NOON), **changes)


def a_session(principal: Principal, **changes: Any) -> Session:
    device = Device(device_id=principal.device_id, name="Phone", platform="ios")
    return replace(Session(principal=principal, device=device, created_at=NOON, refreshed_at=NOON), **changes)


def a_connection(principal: Principal, connection_id: str) -> Connection:
    return Connection(
        user_id=principal.user_id,
        device_id=principal.device_id,
        session_id=principal.session_id,
        connection_id=ConnectionId(connection_id),
        endpoint="http://gateway",
        connected_at=NOON,
    )


@dataclass
class FakeClock:
    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def advance(self, *, seconds: float) -> None:
        self.now += round(seconds * 1000)


@dataclass
class FakeSockets:
    """Both the registry of connections and the gateway that holds them."""

    open: list[Connection] = field(default_factory=list)
    answers: bool = True
    """Whether the gateway does."""
    frames: list[tuple[ConnectionId, bytes]] = field(default_factory=list)
    """What was posted, and to whom."""

    def register(self, connection: Connection) -> None:
        self.open.append(connection)

    def renew(self, connection: Connection) -> bool:
        is_new = connection not in self.open
        if is_new:
            self.open.append(connection)
        return is_new

    def restore(self, connections: Sequence[Connection]) -> int:
        return sum(map(self.renew, connections))

    def unregister(self, connection: Connection) -> None:
        self.open = [each for each in self.open if each != connection]

    def unregister_all(self, connections: Sequence[Connection]) -> None:
        for each in connections:
            self.unregister(each)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return {user: [each for each in self.open if each.user_id == user] for user in users}

    def look_up(self, users: Iterable[UserId]) -> Found:
        return Found(connections=self.of(users), forgotten=frozenset())

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        assert budget_s > 0
        self.frames += [(post.connection.connection_id, post.frame) for post in posts if post.connection in self.open]
        return [PostResult.DELIVERED if self.answers else PostResult.FAILED] * len(posts)

    def close(self, connections: Sequence[Connection]) -> Sequence[bool]:
        if self.answers:
            self.open = [each for each in self.open if each not in connections]
        return [self.answers] * len(connections)


class World:
    """A user service made of memory, and all that it is made of."""

    def __init__(self, *, per_address: bool = True) -> None:
        self.clock = FakeClock()
        self.users = MemoryUsers()
        self.blocks = MemoryBlocks(self.users)
        self.devices = MemoryDevices()
        self.sessions = MemorySessions(self.devices)
        self.states = MemorySessionStates()
        self.tickets = MemoryTickets(self.clock)
        self.limits = MemoryRateLimits(self.clock)
        self.tokens = MemoryAccessTokens(self.clock)
        self.passwords = Argon2Passwords(argon2.profiles.CHEAPEST)
        self.sockets = FakeSockets()
        self.conversations = MemoryConversations(self.users, self.blocks)
        self.check = CheckPassword(
            users=self.users, passwords=self.passwords, limits=self.limits, per_address=per_address
        )
        self.check_session = CheckSession(states=self.states, sessions=self.sessions)
        self.redeem_ticket = RedeemTicket(tickets=self.tickets, check_session=self.check_session)
        close = CloseConnections(connections=self.sockets, gateway=self.sockets, frames=JsonFrames())
        self.end_session = EndSession(sessions=self.sessions, states=self.states, close=close, clock=self.clock)
        self.end_sessions = EndSessions(sessions=self.sessions, states=self.states, close=close, clock=self.clock)
        self.open_session = OpenSession(sessions=self.sessions, tokens=self.tokens, clock=self.clock)
        self.provider = MemoryIdentityProvider()
        self.identities = MemoryIdentities(self.users)
        self.contacts = MemoryContacts(self.users, self.blocks)
        self.reports = MemoryReports()
        self.exports, self.archives = MemoryExports(self.conversations), MemoryArchives()
        self.exporter = MemoryExporter()
        self.erasures = MemoryErasures(
            users=self.users,
            identities=self.identities,
            sessions=self.sessions,
            contacts=self.contacts,
            blocks=self.blocks,
            reports=self.reports,
            conversations=self.conversations,
            exports=self.exports,
        )
        self.traces, self.watchers = MemoryPresenceTraces(), MemoryWatchers()
        self.pace = MemoryTellingPace(self.clock)
        self.acquaintances = MemoryAcquaintances(self.users, self.conversations, self.contacts, self.blocks)
        self.presence_now = PresenceNow(connections=self.sockets, traces=self.traces, now_ms=self.clock)
        self.start_erasure = StartErasure(erasures=self.erasures, end_sessions=self.end_sessions, clock=self.clock)
        self.erase_self_by_provider = EraseSelfByProvider(
            provider=self.provider, identities=self.identities, start=self.start_erasure
        )
        self.sign_in_by_provider = SignInByProvider(
            provider=self.provider,
            identities=self.identities,
            open_session=self.open_session,
            clock=self.clock,
        )
        self.service = UserService(
            authenticate=Authenticate(tokens=self.tokens, check_session=self.check_session),
            limits=self.limits,
            sign_up=SignUp(
                users=self.users,
                passwords=self.passwords,
                limits=self.limits,
                clock=self.clock,
                per_address=per_address,
            ),
            sign_in=SignIn(users=self.users, check=self.check, open_session=self.open_session),
            sign_in_by_provider=None,
            refresh_session=RefreshSession(
                sessions=self.sessions, tokens=self.tokens, end_session=self.end_session, clock=self.clock
            ),
            list_sessions=ListSessions(sessions=self.sessions),
            end_session=EndOwnSession(sessions=self.sessions, end=self.end_session),
            issue_ticket=IssueTicket(tickets=self.tickets, socket_url="wss://sockets/stage"),
            token_keys=self.tokens,
            find_users=FindUsers(profiles=MemoryProfiles(self.users, self.blocks)),
            change_profile=ChangeProfile(users=self.users),
            change_password=ChangePassword(
                users=self.users,
                passwords=self.passwords,
                check=self.check,
                end_others=self.end_sessions,
            ),
            ask_for_export=AskForExport(
                exports=self.exports,
                archives=self.archives,
                exporter=self.exporter,
                new_id=new_id,
                clock=self.clock,
            ),
            erase_self=EraseSelf(users=self.users, check=self.check, start=self.start_erasure),
            erase_self_by_provider=None,
            contacts=KeepContacts(contacts=self.contacts, clock=self.clock),
            blocks=KeepBlocks(
                blocks=self.blocks,
                conversations=self.conversations,
                admission=MemoryAdmission(self.conversations),
                clock=self.clock,
            ),
            devices=KeepDevices(devices=self.devices, clock=self.clock),
            read_presence=ReadPresence(acquaintances=self.acquaintances, now=self.presence_now),
        )

    def add(self, username: str) -> User:
        return self.service.sign_up(a_new_user(username))


def a_new_user(username: str, **changes: Any) -> NewUser:
    return replace(NewUser(username=username, password=PASSWORD, display_name=None, address="192.0.2.1"), **changes)


def a_sign_in(
    username: str,
    *,
    device_id: DeviceId | None = None,
    device_name: str | None = None,
    platform: Platform | None = None,
    **changes: Any,
) -> SignInRequest:
    device = OnDevice(device_id=device_id, name=device_name, platform=platform)
    plain = SignInRequest(username=username, password=PASSWORD, device=device, address="192.0.2.1")
    return replace(plain, **changes)
