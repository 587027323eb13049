from dataclasses import dataclass, field

import pytest

from natter.domain.connections import Connection
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.usecases.signals.ping import Ping, Pong
from tests.memory.connections import MemoryConnections
from tests.memory.logs import MemoryConnectionLog
from tests.memory.presence import MemoryPresenceTraces
from tests.messages import ANN, NOON, a_connection


class Silent(MemoryConnections):
    def renew(self, connection: Connection) -> bool:
        raise Unavailable(f"the registry, given {connection.connection_id}")


class DownTraces(MemoryPresenceTraces):
    def see(self, user: UserId, device: DeviceId, *, at: int) -> None:
        raise Unavailable(f"the traces, given {user}, {device} and {at}")


@dataclass
class Stage:
    registry: MemoryConnections = field(default_factory=MemoryConnections)
    traces: MemoryPresenceTraces = field(default_factory=MemoryPresenceTraces)
    log: MemoryConnectionLog = field(default_factory=MemoryConnectionLog)

    def ping(self, connection: Connection) -> Pong:
        ping = Ping(connections=self.registry, traces=self.traces, log=self.log, now_ms=lambda: NOON)
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

    def test_its_user_was_seen(self) -> None:
        stage, phone = Stage(), a_connection(ANN)
        stage.ping(phone)
        traces = stage.traces.of([ANN])[ANN]
        assert (traces.seen_at, traces.seen_on) == (NOON, phone.device_id)

    def test_without_a_registry_there_is_no_pong(self) -> None:
        with pytest.raises(Unavailable):
            Stage(registry=Silent()).ping(a_connection(ANN))
