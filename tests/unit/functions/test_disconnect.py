from functions.disconnect.handler import build
from natter.usecases.accounts.connect import Disconnect
from tests.memory.connections import MemoryConnections
from tests.memory.logs import MemoryConnectionLog
from tests.memory.presence import MemoryPresenceTraces
from tests.messages import ANN, NOON, a_connection
from tests.sockets import ENDPOINT, a_socket_event


class TestDisconnect:
    def test_the_connection_is_forgotten_and_its_end_noted(self) -> None:
        registry, log, phone, desk = MemoryConnections(), MemoryConnectionLog(), *map(a_connection, (ANN, ANN), "pd")
        registry.register(phone)
        registry.register(desk)
        traces = MemoryPresenceTraces()
        disconnect = Disconnect(connections=registry, traces=traces, log=log, now_ms=lambda: NOON)
        event = a_socket_event(phone, route="$disconnect")
        event["requestContext"] |= {"disconnectStatusCode": 1001, "disconnectReason": "Going away"}
        assert build(disconnect, ENDPOINT)(event, None) == {"statusCode": 200}
        assert list(registry.of([ANN])[ANN]) == [desk]
        assert [(change.connection.connection_id, change.change) for change in log.changes] == [("p", "closed")]
