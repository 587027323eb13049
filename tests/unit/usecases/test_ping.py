import pytest

from natter.adapters.connections_memory import MemoryConnections
from natter.domain.errors import Unavailable
from natter.ports.sockets import Connection
from natter.usecases.ping import Ping, Pong
from tests.messages import ANN, NOON, a_connection


class Silent(MemoryConnections):
    def register(self, connection: Connection) -> bool:
        raise Unavailable(f"the registry, given {connection.connection_id}")


class TestPing:
    def test_who_is_registered_has_missed_nothing(self) -> None:
        registry, phone = MemoryConnections(), a_connection(ANN)
        registry.register(phone)
        assert Ping(connections=registry, now_ms=lambda: NOON)(phone) == Pong(at=NOON, sync=False)

    def test_who_was_forgotten_is_registered_and_told_to_sync(self) -> None:
        """A registry that lost its data heals within one ping."""
        registry, phone = MemoryConnections(), a_connection(ANN)
        ping = Ping(connections=registry, now_ms=lambda: NOON)
        assert ping(phone) == Pong(at=NOON, sync=True)
        assert list(registry.of([ANN])[ANN]) == [phone]
        assert ping(phone) == Pong(at=NOON, sync=False)

    def test_without_a_registry_there_is_no_pong(self) -> None:
        with pytest.raises(Unavailable):
            Ping(connections=Silent(), now_ms=lambda: NOON)(a_connection(ANN))
