"""What tests of identity share: people, a clock that stands still, and a user service made of memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import argon2.profiles

from natter.adapters.access_tokens_memory import MemoryAccessTokens
from natter.adapters.passwords_argon2 import Argon2Passwords
from natter.adapters.rate_limits_memory import MemoryRateLimits
from natter.adapters.session_states_memory import MemorySessionStates
from natter.adapters.sessions_memory import MemorySessions
from natter.adapters.tickets_memory import MemoryTickets
from natter.adapters.users_memory import MemoryUsers
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId, new_id
from natter.domain.users import Device, Principal, Session, User
from natter.ports.sockets import Connection, Post, PostResult
from natter.usecases.authenticate import Authenticate, CheckSession, RedeemTicket
from natter.usecases.end_session import EndOwnSession, EndSession
from natter.usecases.find_users import FindUsers
from natter.usecases.issue_ticket import IssueTicket
from natter.usecases.list_sessions import ListSessions
from natter.usecases.refresh_session import RefreshSession
from natter.usecases.sign_in import SignIn, SignInRequest
from natter.usecases.sign_up import NewUser, SignUp
from natter.usecases.user_service import UserService

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

    def register(self, connection: Connection) -> bool:
        self.open.append(connection)
        return True

    def unregister(self, connection: Connection) -> None:
        self.open.remove(connection)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return {user: [each for each in self.open if each.user_id == user] for user in users}

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        raise AssertionError(f"nothing is posted here: {posts}, {budget_s}")

    def close(self, connection: Connection) -> bool:
        if self.answers:
            self.open.remove(connection)
        return self.answers


class World:
    """A user service made of memory, and all that it is made of."""

    def __init__(self, *, per_address: bool = True) -> None:
        self.clock = FakeClock()
        self.users = MemoryUsers()
        self.sessions = MemorySessions()
        self.states = MemorySessionStates()
        self.tickets = MemoryTickets(self.clock)
        self.limits = MemoryRateLimits(self.clock)
        self.tokens = MemoryAccessTokens(self.clock)
        self.passwords = Argon2Passwords(argon2.profiles.CHEAPEST)
        self.sockets = FakeSockets()
        self.check_session = CheckSession(states=self.states, sessions=self.sessions)
        self.redeem_ticket = RedeemTicket(tickets=self.tickets, check_session=self.check_session)
        self.end_session = EndSession(
            sessions=self.sessions,
            states=self.states,
            connections=self.sockets,
            gateway=self.sockets,
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
            sign_in=SignIn(
                users=self.users,
                passwords=self.passwords,
                sessions=self.sessions,
                tokens=self.tokens,
                limits=self.limits,
                clock=self.clock,
                per_address=per_address,
            ),
            refresh_session=RefreshSession(
                sessions=self.sessions, tokens=self.tokens, end_session=self.end_session, clock=self.clock
            ),
            list_sessions=ListSessions(sessions=self.sessions),
            end_session=EndOwnSession(sessions=self.sessions, end=self.end_session),
            issue_ticket=IssueTicket(tickets=self.tickets, socket_url="wss://sockets/stage"),
            find_users=FindUsers(users=self.users),
        )

    def add(self, username: str) -> User:
        return self.service.sign_up(a_new_user(username))


def a_new_user(username: str, **changes: Any) -> NewUser:
    return replace(NewUser(username=username, password=PASSWORD, display_name=None, address="192.0.2.1"), **changes)


def a_sign_in(username: str, **changes: Any) -> SignInRequest:
    plain = SignInRequest(
        username=username,
        password=PASSWORD,
        device_id=None,
        device_name=None,
        platform=None,
        address="192.0.2.1",
    )
    return replace(plain, **changes)
