"""The sockets of the core's session, by its numbers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from natter_client.frames import readable
from natter_client.tasks import Tasks

OPEN_TIMEOUT_S, CLOSE_TIMEOUT_S = 15.0, 2.0
MOST_MESSAGE = 128 * 1024
SUBPROTOCOL = Subprotocol("natter.v1")


class Hears(Protocol):
    def opened(self, socket: int) -> None: ...

    def closed(self, socket: int) -> None:
        """Also when it never opened."""

    def arrived(self, socket: int, frame: Mapping[str, Any]) -> None: ...


@dataclass
class _Socket:
    outgoing: asyncio.Queue[Mapping[str, Any] | None] = field(default_factory=asyncio.Queue)
    """None: close."""
    is_open: bool = False
    task: asyncio.Task[Any] | None = None


class Sockets:
    def __init__(self, tasks: Tasks, hears: Hears) -> None:
        self._tasks, self._hears = tasks, hears
        self._sockets: dict[int, _Socket] = {}

    def open(self, number: int, url: str) -> None:
        socket = self._sockets[number] = _Socket()
        socket.task = self._tasks.start(self._live(number, url, socket))

    def close(self, number: int) -> None:
        socket = self._sockets.get(number)
        if socket is None:
            return
        if socket.is_open or socket.task is None:
            socket.outgoing.put_nowait(None)
        else:
            socket.task.cancel()

    def send(self, number: int, frame: Mapping[str, Any]) -> None:
        """In order. If the socket ends before, `closed` tells, and the core sends again what has to be."""
        if number in self._sockets:
            self._sockets[number].outgoing.put_nowait(frame)

    async def _live(self, number: int, url: str, socket: _Socket) -> None:
        try:
            async with connect(
                url,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=MOST_MESSAGE,
            ) as connection:
                socket.is_open = True
                self._hears.opened(number)
                writer = asyncio.create_task(_write(connection, socket.outgoing))
                try:
                    await self._read(number, connection)
                finally:
                    writer.cancel()
                    await asyncio.wait([writer])
                    if not writer.cancelled():
                        writer.result()
        except (OSError, WebSocketException, TimeoutError):
            pass  # not opened, or broken: `closed` says it
        finally:
            del self._sockets[number]
            self._hears.closed(number)

    async def _read(self, number: int, connection: ClientConnection) -> None:
        async for data in connection:
            try:
                frame = readable(json.loads(data))
            except (ValueError, RecursionError):
                continue  # it is no frame: what it should have been is asked for again when it is missed
            if frame is not None:
                self._hears.arrived(number, frame)


async def _write(connection: ClientConnection, outgoing: asyncio.Queue[Mapping[str, Any] | None]) -> None:
    try:
        while (frame := await outgoing.get()) is not None:
            await connection.send(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))
        await connection.close()
    except ConnectionClosed:
        pass  # who reads hears of it
    except Exception:
        await connection.close()  # who reads would wait for ever
        raise
