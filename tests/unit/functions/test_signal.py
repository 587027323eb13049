from typing import Any

import pytest

from functions.signal.handler import build
from natter.adapters.connections_memory import MemoryConnections
from natter.domain.errors import Unavailable
from natter.ports.sockets import Connection
from natter.usecases.ping import Ping
from tests.messages import ANN, NOON, a_connection
from tests.sockets import ENDPOINT, SocketClient

PHONE = a_connection(ANN)


class Silent(MemoryConnections):
    def register(self, connection: Connection) -> bool:
        raise Unavailable(f"the registry, given {connection.connection_id}")


def client(registry: MemoryConnections) -> SocketClient:
    return SocketClient(build(Ping(connections=registry, now_ms=lambda: NOON), ENDPOINT), PHONE)


class TestPing:
    def test_who_was_not_registered_is_told_to_sync_once(self) -> None:
        phone = client(MemoryConnections())
        assert phone({"action": "ping", "id": "q"}) == {"type": "pong", "id": "q", "at": NOON, "sync": True}
        assert phone({"action": "ping", "id": "r"}) == {"type": "pong", "id": "r", "at": NOON}

    def test_without_an_id_it_renews_without_a_pong(self) -> None:
        registry = MemoryConnections()
        assert client(registry)({"action": "ping"}) is None
        assert list(registry.of([ANN])[ANN]) == [PHONE]

    def test_a_wrong_id_is_named(self) -> None:
        error = client(MemoryConnections())({"action": "ping", "id": 5})
        assert (error["code"], error["detail"]) == ("bad_request", "id: Input should be a valid string")

    def test_an_outage_is_said(self) -> None:
        error = client(Silent())({"action": "ping", "id": "q"})
        assert (error["id"], error["code"]) == ("q", "unavailable")


class TestDefault:
    @pytest.mark.parametrize(
        ("frame", "code", "detail"),
        [
            ("{", "bad_request", "the body is not valid JSON"),
            ("[]", "bad_request", "a frame is a JSON object"),
            ({}, "bad_request", "action: must be a string"),
            ({"action": 1}, "bad_request", "action: must be a string"),
            ({"action": None}, "bad_request", "action: must be a string"),
            ({"action": ""}, "unknown_action", "action: not known"),
            ({"action": "dance"}, "unknown_action", "action: not known"),
            ({"action": "$default"}, "unknown_action", "action: not known"),
        ],
    )
    def test_frames_of_no_known_action_are_answered(self, frame: Any, code: str, detail: str) -> None:
        registry = MemoryConnections()
        error = client(registry)(frame)
        assert (error["type"], error["code"], error["detail"]) == ("error", code, detail)
        assert registry.of([ANN]) == {}

    def test_with_their_id(self) -> None:
        frame = {"action": "dance", "id": "q", "conversation_id": "c", "client_id": "m1"}
        error = client(MemoryConnections())(frame)
        assert (error["id"], error["conversation_id"], error["client_ids"]) == ("q", "c", ["m1"])
