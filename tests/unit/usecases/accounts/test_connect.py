from dataclasses import replace

import pytest

from natter.domain.accounts.credentials import SessionState
from natter.domain.accounts.users import SignedIn
from natter.domain.connections import (
    GIVEN_UP_MS,
    MANY_CONNECTIONS,
    MAX_CONNECTIONS,
    Connection,
    ConnectionChange,
    Registered,
)
from natter.domain.errors import RateLimited, Unauthenticated, Unavailable
from natter.domain.ids import ConnectionId, SessionId
from natter.usecases.accounts.authenticate import CheckSession
from natter.usecases.accounts.connect import Connect, Disconnect
from tests.identity import NOON, World, a_connection, a_sign_in
from tests.memory.connections import MemoryConnections
from tests.memory.devices import MemoryDevices
from tests.memory.gateway import MemoryGateway
from tests.memory.logs import MemoryConnectionLog
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions


class Registry(MemoryConnections):
    answers = True

    def register(self, connection: Connection) -> Registered:
        if not self.answers:
            raise Unavailable("the registry")
        return super().register(connection)

    def unregister(self, connection: Connection) -> None:
        if not self.answers:
            raise Unavailable("the registry")
        super().unregister(connection)


class Watched(MemorySessionStates):
    """Remembers who was registered when a session was looked up."""

    def __init__(self, registry: Registry, connection: Connection) -> None:
        super().__init__()
        self.registry, self.connection = registry, connection
        self.was_registered: list[bool] = []

    def get(self, session: SessionId) -> SessionState | None:
        users = self.registry.of([self.connection.user_id])
        self.was_registered.append(self.connection in users.get(self.connection.user_id, ()))
        return super().get(session)


class DownStates(MemorySessionStates):
    def get(self, session: SessionId) -> SessionState | None:
        raise Unavailable(f"cache, asked for {session}")


class DownSessions(MemorySessions):
    def is_live(self, session: SessionId, *, at: int) -> bool:
        raise Unavailable(f"database, asked at {at} for {session}")


class Stage:
    def __init__(self) -> None:
        self.world = World()
        self.world.add("ann")
        self.ann: SignedIn = self.world.sign_in(a_sign_in("ann"))
        self.phone = a_connection(self.ann.principal, "phone")
        self.registry, self.gateway, self.log = Registry(), MemoryGateway(), MemoryConnectionLog()
        self.connect = Connect(
            connections=self.registry,
            check_session=self.world.check_session,
            close=replace(self.world.close, connections=self.registry, gateway=self.gateway),
            traces=self.world.traces,
            log=self.log,
            now_ms=self.world.clock,
        )
        self.disconnect = Disconnect(
            connections=self.registry, traces=self.world.traces, log=self.log, now_ms=self.world.clock
        )

    def registered(self) -> list[Connection]:
        return list(self.registry.of([self.ann.principal.user_id]).get(self.ann.principal.user_id, ()))

    def noted(self) -> list[tuple[str, int]]:
        return [(change.change, change.at) for change in self.log.changes]


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestConnect:
    def test_a_connection_is_known_and_noted(self, stage: Stage) -> None:
        stage.connect(stage.phone)
        assert stage.registered() == [stage.phone]
        assert stage.log.changes == [ConnectionChange(connection=stage.phone, change="opened", at=NOON)]

    def test_it_is_registered_before_its_session_is_checked(self, stage: Stage) -> None:
        """Else a session that ends in between would leave a connection that nobody closes."""
        states = Watched(stage.registry, stage.phone)
        check = CheckSession(states=states, sessions=stage.world.sessions, now_ms=lambda: NOON)
        replace(stage.connect, check_session=check)(stage.phone)
        assert states.was_registered == [True]

    def test_a_session_that_has_ended_leaves_no_connection(self, stage: Stage) -> None:
        stage.world.end_session(stage.ann.principal)
        with pytest.raises(Unauthenticated):
            stage.connect(stage.phone)
        assert (stage.registered(), stage.noted()) == ([], [])

    def test_when_nobody_knows_the_session_there_is_no_connection(self, stage: Stage) -> None:
        check = CheckSession(states=DownStates(), sessions=DownSessions(MemoryDevices()), now_ms=lambda: NOON)
        with pytest.raises(Unavailable):
            replace(stage.connect, check_session=check)(stage.phone)
        assert (stage.registered(), stage.noted()) == ([], [])

    def test_one_more_than_a_user_may_have_closes_the_oldest(self, stage: Stage) -> None:
        phones = [
            replace(stage.phone, connection_id=ConnectionId(f"c{number}"), connected_at=NOON + number)
            for number in range(MAX_CONNECTIONS + 1)
        ]
        for phone in phones[:-1]:
            stage.connect(phone)
        assert stage.gateway.closed == []
        stage.connect(phones[-1])
        assert stage.gateway.closed == phones[:1]
        assert stage.registered() == phones[1:]

    def test_of_those_that_come_at_once_the_oldest_is_refused(self, stage: Stage) -> None:
        """It was begun first and is registered last: to open it would be one too many."""
        for number in range(MAX_CONNECTIONS):
            stage.connect(replace(stage.phone, connection_id=ConnectionId(f"c{number}"), connected_at=NOON + 1))
        with pytest.raises(RateLimited):
            stage.connect(stage.phone)
        assert stage.phone not in stage.registered()
        assert stage.gateway.closed == []

    def test_whose_client_may_have_given_up_is_refused_and_takes_nobodys_place(self, stage: Stage) -> None:
        """It would be registered until its end is told, and the one that it closes would come again."""
        phones = [
            replace(stage.phone, connection_id=ConnectionId(f"c{number}"), connected_at=NOON - number)
            for number in range(MAX_CONNECTIONS)
        ]
        for phone in phones:
            stage.connect(phone)
        late = replace(stage.phone, connection_id=ConnectionId("late"), connected_at=NOON + 1)
        stage.world.clock.now = late.connected_at + GIVEN_UP_MS + 1
        with pytest.raises(Unavailable):
            stage.connect(late)
        assert set(stage.registered()) == set(phones)
        assert (stage.gateway.closed, len(stage.noted())) == ([], MAX_CONNECTIONS)

    def test_who_has_few_is_let_in_however_long_it_took(self, stage: Stage) -> None:
        """Functions may have to start first."""
        stage.world.clock.now = stage.phone.connected_at + 2 * GIVEN_UP_MS
        stage.connect(stage.phone)
        assert stage.registered() == [stage.phone]

    def test_who_has_waited_for_as_long_as_clients_do_is_let_in(self, stage: Stage) -> None:
        for number in range(MANY_CONNECTIONS):
            stage.connect(replace(stage.phone, connection_id=ConnectionId(f"c{number}")))
        stage.world.clock.now = stage.phone.connected_at + GIVEN_UP_MS
        stage.connect(stage.phone)
        assert stage.phone in stage.registered()

    def test_without_a_registry_there_is_no_connection(self, stage: Stage) -> None:
        stage.registry.answers = False
        with pytest.raises(Unavailable):
            stage.connect(stage.phone)
        assert stage.noted() == []


class TestDisconnect:
    def test_it_is_forgotten_and_noted(self, stage: Stage) -> None:
        desk = a_connection(stage.ann.principal, "desk")
        stage.connect(stage.phone)
        stage.connect(desk)
        stage.world.clock.advance(seconds=1)
        stage.disconnect(stage.phone)
        assert stage.registered() == [desk]
        assert stage.noted() == [("opened", NOON), ("opened", NOON), ("closed", NOON + 1000)]

    def test_of_what_was_never_registered_the_end_is_noted_all_the_same(self, stage: Stage) -> None:
        stage.disconnect(stage.phone)
        assert stage.noted() == [("closed", NOON)]
