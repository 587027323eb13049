from dataclasses import dataclass, field, replace

import pytest

from natter.domain.accounts.credentials import SessionState
from natter.domain.connections import MAX_CONNECTIONS, Connection, Registered
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.usecases.signals.ping import Ping, Pong
from tests.identity import World
from tests.memory.connections import MemoryConnections
from tests.memory.devices import MemoryDevices
from tests.memory.gateway import MemoryGateway
from tests.memory.logs import MemoryConnectionLog
from tests.memory.presence import MemoryPresenceTraces
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions
from tests.messages import ANN, NOON, a_connection


class Silent(MemoryConnections):
    def renew(self, connection: Connection) -> Registered:
        raise Unavailable(f"the registry, given {connection.connection_id}")


class DownTraces(MemoryPresenceTraces):
    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        raise Unavailable(f"the traces, given {user}, {device} and {at}")


class DownStates(MemorySessionStates):
    def get(self, session: SessionId) -> SessionState | None:
        raise Unavailable(f"cache, asked for {session}")


class DownSessions(MemorySessions):
    def __init__(self) -> None:
        super().__init__(MemoryDevices())

    def is_live(self, session: SessionId, *, at: int) -> bool:
        raise Unavailable(f"database, asked at {at} for {session}")


@dataclass
class Stage:
    registry: MemoryConnections = field(default_factory=MemoryConnections)
    traces: MemoryPresenceTraces = field(default_factory=MemoryPresenceTraces)
    log: MemoryConnectionLog = field(default_factory=MemoryConnectionLog)
    world: World = field(default_factory=World)
    gateway: MemoryGateway = field(default_factory=MemoryGateway)

    def __post_init__(self) -> None:
        self.world.states.note_live(a_connection(ANN).session_id)

    def ping(self, connection: Connection) -> Pong:
        ping = Ping(
            connections=self.registry,
            check_session=self.world.check_session,
            close=replace(self.world.close, connections=self.registry, gateway=self.gateway),
            traces=self.traces,
            log=self.log,
            now_ms=lambda: NOON,
        )
        return ping(connection)


class TestPing:
    def test_who_is_registered_has_missed_nothing(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.registry.register(phone)
        assert stage.ping(phone) == Pong(at=NOON, sync=False)
        assert stage.log.changes == []

    def test_who_was_forgotten_is_registered_and_told_to_sync(self) -> None:
        """A registry that lost its data heals within one ping."""
        stage, phone = Stage(), a_connection(ANN)
        assert stage.ping(phone) == Pong(at=NOON, sync=True)
        assert list(stage.registry.of([ANN])[ANN]) == [phone]

    def test_who_was_restored_is_told_to_sync_all_the_same(self) -> None:
        """What was delivered between the loss and the rebuilding did not reach them."""
        stage, phone = Stage(), a_connection(ANN)
        stage.registry.restore([phone])
        assert stage.ping(phone) == Pong(at=NOON, sync=True)

    def test_an_answer_that_got_lost_is_given_again(self) -> None:
        """The registry is changed, and what comes after it fails: who asks again is told the same."""
        stage, phone = Stage(traces=DownTraces()), a_connection(ANN)
        with pytest.raises(Unavailable):
            stage.ping(phone)
        stage.traces = MemoryPresenceTraces()
        assert stage.ping(phone) == Pong(at=NOON, sync=True)

    def test_who_was_forgotten_is_there_again_for_others(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.ping(phone)
        assert [(each.connection, each.change) for each in stage.log.changes] == [(phone, "opened")]

    def test_who_was_forgotten_with_the_session_is_closed(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.world.states.note_ended([phone.session_id])
        with pytest.raises(Unauthenticated):
            stage.ping(phone)
        assert stage.gateway.closed == [phone]
        assert stage.registry.of([ANN]) == {}
        assert stage.log.changes == []

    def test_who_is_registered_is_not_asked_for_its_session(self) -> None:
        """That it has ended would have taken it out of the registry."""
        stage, phone = Stage(), a_connection(ANN)
        stage.registry.register(phone)
        stage.world.states.note_ended([phone.session_id])
        assert stage.ping(phone) == Pong(at=NOON, sync=False)

    def test_when_nobody_knows_the_session_it_is_asked_for_again(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.world.check_session = replace(stage.world.check_session, states=DownStates(), sessions=DownSessions())
        with pytest.raises(Unavailable):
            stage.ping(phone)
        assert stage.registry.of([ANN]) == {}

    def test_who_comes_back_to_as_many_as_there_may_be_closes_the_oldest(self) -> None:
        """Which may be itself."""
        stage, old = Stage(), a_connection(ANN, "old")
        for number in range(MAX_CONNECTIONS):
            stage.registry.register(a_connection(ANN, f"c{number}", connected_at=NOON + 1 + number))
        stage.ping(old)
        assert stage.gateway.closed == [old]
        young = a_connection(ANN, "young", connected_at=NOON + 100)
        stage.ping(young)
        assert [each.connection_id for each in stage.gateway.closed] == ["old", "c0"]

    def test_its_user_was_seen(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.ping(phone)
        traces = stage.traces.of([ANN])[ANN]
        assert (traces.seen_at, traces.seen_on) == (NOON, phone.device_id)

    def test_without_a_registry_there_is_no_pong(self) -> None:
        with pytest.raises(Unavailable):
            Stage(registry=Silent()).ping(a_connection(ANN))
