"""What tests of identity share: people, a clock that stands still, and a user service made of memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from natter.domain.accounts.requests import NewUser, OnDevice, SignInRequest
from natter.domain.accounts.users import Device, Platform, Principal, Session, User
from natter.domain.connections import Closing, Connection, Found, Registered
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId, new_id
from natter.usecases.accounts.authenticate import RedeemTicket
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
from tests.memory.access_tokens import MemoryAccessTokens
from tests.memory.acquaintances import MemoryAcquaintances
from tests.memory.admission import MemoryAdmission
from tests.memory.connections import MemoryConnections
from tests.memory.conversations import MemoryConversations
from tests.memory.deliveries import MemoryClosureQueue
from tests.memory.devices import MemoryDevices
from tests.memory.erasures import MemoryErasures
from tests.memory.exports import MemoryArchives, MemoryExporter, MemoryExports
from tests.memory.identities import MemoryIdentities
from tests.memory.identity_provider import MemoryIdentityProvider
from tests.memory.notifications import MemoryNotificationSettings
from tests.memory.passwords import MemoryPasswords
from tests.memory.presence import MemoryPresenceTraces, MemoryTellingPace, MemoryWatchers
from tests.memory.push import MemoryShownBadges
from tests.memory.push_registrations import MemoryAbandonedEndpoints, MemoryPushEndpoints
from tests.memory.rate_limits import MemoryRateLimits
from tests.memory.relations import MemoryBlocks, MemoryContacts, MemoryProfiles
from tests.memory.reports import MemoryReports
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions
from tests.memory.tickets import MemoryTickets
from tests.memory.users import MemoryUsers
from tests.memory.web_key import MemoryWebKey
from tests.support.memory_engines import MemoryEngines

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
    """As their clients see it."""
    upgrading: list[Connection] = field(default_factory=list)
    """What the gateway does not know yet."""
    registry: MemoryConnections = field(default_factory=MemoryConnections)
    answers: bool = True
    """Whether the gateway does."""
    frames: list[tuple[ConnectionId, bytes]] = field(default_factory=list)
    """What was posted, and to whom."""

    def register(self, connection: Connection) -> Registered:
        """And open it, unless it is `upgrading`."""
        if connection not in self.upgrading and connection not in self.open:
            self.open.append(connection)
        return self.registry.register(connection)

    def renew(self, connection: Connection) -> Registered:
        return self.registry.renew(connection)

    def restore(self, connections: Sequence[Connection]) -> int:
        return self.registry.restore(connections)

    def unregister(self, connection: Connection) -> None:
        self.registry.unregister(connection)

    def unregister_all(self, connections: Sequence[Connection]) -> None:
        self.registry.unregister_all(connections)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        return self.registry.of(users)

    def refuse(self, connection: Connection) -> None:
        """Its function has refused the upgrade."""
        self.open = [each for each in self.open if each != connection]
        self.upgrading = [each for each in self.upgrading if each != connection]

    def upgraded(self, connection: Connection) -> None:
        """Its client has the answer to the upgrade."""
        self.upgrading.remove(connection)
        self.open.append(connection)

    def look_up(self, users: Iterable[UserId]) -> Found:
        return self.registry.look_up(users)

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        assert budget_s > 0
        self.frames += [(post.connection.connection_id, post.frame) for post in posts if post.connection in self.open]
        return [PostResult.DELIVERED if self.answers else PostResult.FAILED] * len(posts)

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        return [self._close(each) for each in connections]

    def _close(self, connection: Connection) -> Closing:
        if not self.answers:
            return Closing.FAILED
        if connection not in self.open:
            return Closing.GONE
        self.open.remove(connection)
        return Closing.CLOSED


class World:
    """A user service made of memory, and all that it is made of."""

    def __init__(self, *, per_address: bool = True) -> None:
        self.clock = FakeClock()
        self.users = MemoryUsers()
        self.blocks = MemoryBlocks(self.users)
        self.devices = MemoryDevices(self.clock)
        self.push_endpoints = MemoryPushEndpoints()
        self.sessions = MemorySessions(self.devices)
        self.states = MemorySessionStates()
        self.tickets = MemoryTickets(self.clock)
        self.limits = MemoryRateLimits(self.clock)
        self.tokens = MemoryAccessTokens(self.clock)
        self.passwords = MemoryPasswords()
        self.sockets, self.closures = FakeSockets(), MemoryClosureQueue()
        self.contacts = MemoryContacts(self.users, self.blocks)
        self.conversations = MemoryConversations(self.users, self.blocks, self.contacts)
        self.provider = MemoryIdentityProvider()
        self.identities = MemoryIdentities(self.users)
        self.reports = MemoryReports()
        self.notification_settings = MemoryNotificationSettings(self.users)
        self.exports, self.archives = MemoryExports(self.conversations), MemoryArchives()
        self.badges = MemoryShownBadges()
        self.exporter = MemoryExporter()
        self.erasures = MemoryErasures(
            users=self.users,
            identities=self.identities,
            sessions=self.sessions,
            contacts=self.contacts,
            blocks=self.blocks,
            reports=self.reports,
            notifications=self.notification_settings,
            conversations=self.conversations,
            exports=self.exports,
        )
        self.traces, self.watchers = MemoryPresenceTraces(), MemoryWatchers()
        self.pace = MemoryTellingPace(self.clock)
        self.acquaintances = MemoryAcquaintances(self.users, self.conversations, self.contacts, self.blocks)
        self.engines = self._engines(per_address=per_address)
        self._signing_in()
        self._being_there()

    def _engines(self, *, per_address: bool) -> MemoryEngines:
        """Without an identity provider."""
        engines = MemoryEngines()
        engines.now_ms = self.clock
        engines.per_address, engines.socket_url = per_address, "wss://sockets/stage"
        engines.users, engines.passwords, engines.identities = self.users, self.passwords, self.identities
        engines.profiles = MemoryProfiles(self.users, self.blocks)
        engines.sessions, engines.session_states, engines.devices = self.sessions, self.states, self.devices
        engines.access_tokens = engines.token_keys = self.tokens
        engines.tickets, engines.rate_limits = self.tickets, self.limits
        engines.identity_provider = None
        engines.contacts, engines.blocks = self.contacts, self.blocks
        engines.notification_settings = self.notification_settings
        engines.conversations, engines.admission = self.conversations, MemoryAdmission(self.conversations)
        engines.connections = engines.gateway = self.sockets
        engines.closures = self.closures
        engines.web_key = MemoryWebKey()
        engines.push_endpoints, engines.abandoned_endpoints = (
            self.push_endpoints,
            MemoryAbandonedEndpoints(self.devices),
        )
        engines.exports, engines.archives, engines.exporter = self.exports, self.archives, self.exporter
        engines.erasures = self.erasures
        engines.traces, engines.watchers, engines.acquaintances = self.traces, self.watchers, self.acquaintances
        return engines

    def _signing_in(self) -> None:
        engines = self.engines
        self.authenticate, self.check, self.check_session = (
            engines.authenticate,
            engines.check_password,
            engines.check_session,
        )
        self.close = engines.close_connections
        self.open_session, self.end_session, self.end_sessions = (
            engines.open_session,
            engines.end_session,
            engines.end_sessions,
        )
        self.redeem_ticket = RedeemTicket(tickets=self.tickets, check_session=self.check_session)
        self.issue_ticket = IssueTicket(tickets=self.tickets, socket_url=engines.socket_url)
        self.sign_up = SignUp(
            users=self.users,
            passwords=self.passwords,
            limits=self.limits,
            now_ms=self.clock,
            per_address=engines.per_address,
        )
        self.sign_in = SignIn(users=self.users, check=self.check, open_session=engines.open_session)
        self.sign_in_by_provider = SignInByProvider(
            provider=self.provider,
            identities=self.identities,
            open_session=engines.open_session,
            limits=self.limits,
            now_ms=self.clock,
            per_address=engines.per_address,
        )
        self.refresh_session = RefreshSession(
            sessions=self.sessions,
            tokens=self.tokens,
            limits=self.limits,
            end_session=self.end_session,
            now_ms=self.clock,
        )
        self.list_sessions = ListSessions(sessions=self.sessions, now_ms=self.clock)
        self.end_own_session = EndOwnSession(sessions=self.sessions, end=self.end_session)
        self.change_password = ChangePassword(
            users=self.users, passwords=self.passwords, check=self.check, end_others=self.end_sessions
        )

    def _being_there(self) -> None:
        self.find_users = FindUsers(profiles=self.engines.profiles)
        self.change_profile = ChangeProfile(users=self.users)
        self.ask_for_export = AskForExport(
            exports=self.exports,
            archives=self.archives,
            exporter=self.exporter,
            new_id=new_id,
            now_ms=self.clock,
        )
        self.request_erasure = RequestErasure(erasures=self.erasures, end_sessions=self.end_sessions, now_ms=self.clock)
        self.erase_self = EraseSelf(users=self.users, check=self.check, start=self.request_erasure)
        self.erase_self_by_provider = EraseSelfByProvider(
            provider=self.provider, identities=self.identities, start=self.request_erasure
        )
        self.keep_contacts = KeepContacts(contacts=self.contacts, now_ms=self.clock)
        self.keep_blocks = KeepBlocks(
            blocks=self.blocks,
            conversations=self.conversations,
            admission=self.engines.admission,
            now_ms=self.clock,
        )
        self.keep_devices = KeepDevices(
            devices=self.devices,
            endpoints=self.push_endpoints,
            abandoned=self.engines.abandoned_endpoints,
            limits=self.limits,
            now_ms=self.clock,
        )
        self.presence_now = self.engines.presence_now
        self.read_presence = ReadPresence(acquaintances=self.acquaintances, now=self.presence_now)

    def close_again(self) -> None:
        """The queue hands out the closures that wait."""
        for closure in self.closures.take():
            self.close.again(closure)

    def lives(self, session: SessionId) -> bool:
        return self.sessions.is_live(session, at=self.clock())

    def add(self, username: str) -> User:
        return self.sign_up(a_new_user(username))


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
