"""What every door is: a port on loopback, behind which somebody decides who is let through to an engine."""

import asyncio
import contextlib
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from local.certificates import HOST

CHUNK = 256 * 1024
FAREWELL_S = 1.0
SIGN_IN_S = 30.0
"""How long a client may take until it has said who it is."""

_GONE = (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError)
"""Either side has hung up, took too long or said too much, or the door closes: nobody is left to be told."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One side of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


class Refused(Exception):
    """The client is not let through, and has been told; the message is for the log."""


class Door(ABC):
    """
    Listens on `port` of loopback; each client is admitted, or refused, on its own.

    Whatever goes wrong with one client ends its connection, as it does where a server crashes, and nobody else's.
    """

    name: ClassVar[str]

    def __init__(self, port: int, *, tls: ssl.SSLContext | None) -> None:
        """`tls` None: the client asks for it in the protocol's own words, or the door does not have it."""
        self.port = port
        self.admitted = self.refused = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._enter, HOST, self.port, ssl=self._tls, backlog=256)

    async def stop(self) -> None:
        """Listen no more, and hang up on everybody."""
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Hang up on everybody who is in, as a service does now and then; they may come again at once."""
        clients = dict(self._clients)
        for client, writer in clients.items():
            writer.transport.abort()
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def status(self) -> dict[str, int]:
        return {"connections": len(self._clients), "admitted": self.admitted, "refused": self.refused}

    @abstractmethod
    async def serve(self, client: Line) -> None:
        """
        Talk to `client` until one side hangs up.

        Raises `Refused` after telling the client why it is not let in.
        """

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients[task] = writer
        try:
            with contextlib.suppress(*_GONE):
                await self.serve(Line(reader, writer))
        except Refused as refusal:
            self.refused += 1
            _logger.warning("%s: %s", self.name, refusal)
        finally:
            await _farewell(writer)
            del self._clients[task]


async def _farewell(writer: asyncio.StreamWriter) -> None:
    """Let what the client was told reach it. One that does not hang up then is not waited for."""
    writer.close()
    with contextlib.suppress(OSError):  # TimeoutError is one
        async with asyncio.timeout(FAREWELL_S):
            await writer.wait_closed()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def engine(address: str) -> AsyncIterator[Line]:
    """
    A connection to what stands behind the door.

    Raises:
        OSError: it does not listen.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


async def both(*ways: Awaitable[None]) -> None:
    """Until one of the ways ends: who hangs up on one side is hung up on at the other."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def carry(source: Line, to: Line, *, seen: Callable[[bytes], None] | None = None) -> None:
    """Everything from one side to the other; `seen` looks at it on the way."""
    while data := await source.reader.read(CHUNK):
        if seen is not None:
            seen(data)
        await to.send(data)
