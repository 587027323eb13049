import asyncio
from typing import Any, override

import pytest
from websockets.frames import Frame, Opcode

from local.gateway.limits import WebSocketLimits
from local.gateway.websocket_connection import WebSocketConnection


class Transport(asyncio.Transport):
    """Swallows what is written."""

    @override
    def write(self, data: Any) -> None:
        pass

    @override
    def is_closing(self) -> bool:
        return False


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def connection(messages: list[str]) -> WebSocketConnection:
    context: Any = None  # of no event
    made = WebSocketConnection(
        context, WebSocketLimits(), on_message=lambda _, text: messages.append(text), on_end=lambda *_: None
    )
    made.connection_made(Transport())
    return made


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = False) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


class TestFragments:
    def test_are_one_message(self, connection: WebSocketConnection, messages: list[str]) -> None:
        connection.data_received(frame(Opcode.TEXT) + frame(Opcode.CONT, b"he") + frame(Opcode.PING, fin=True))
        connection.data_received(frame(Opcode.CONT, b"llo", fin=True) + frame(Opcode.TEXT, b"again", fin=True))
        assert messages == ["hello", "again"]

    def test_that_are_empty_are_not_kept_however_many_there_are(
        self, connection: WebSocketConnection, messages: list[str]
    ) -> None:
        connection.data_received(frame(Opcode.TEXT) + 1000 * frame(Opcode.CONT))
        assert len(connection._parts) == 1
        connection.data_received(frame(Opcode.CONT, fin=True))
        assert (messages, connection._parts) == ([""], [])
