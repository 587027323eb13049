"""HTTP/1.1 on loopback for the fake cloud: h11 reads and writes it, a handler answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

CHUNK = 65536


@dataclass(frozen=True)
class HttpRequest:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: Any
    """What JSON is made of, bytes as they are, or None."""
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None


type Handler = Callable[[HttpRequest], Awaitable[HttpAnswer | None]]
"""None: the connection ends without an answer."""


async def serve(handler: Handler) -> asyncio.Server:
    """Listen on a free port of 127.0.0.1."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _talk(handler, reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass  # the client is gone, which ends this connection and nothing else
        finally:
            writer.close()

    return await asyncio.start_server(talk, "127.0.0.1")


async def _talk(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    while True:
        request, body = None, bytearray()
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(CHUNK))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.ConnectionClosed):
                return
        assert request is not None
        answer = await handler(_request(request, bytes(body)))
        if answer is None:
            return
        writer.write(_bytes(connection, answer, head=request.method == b"HEAD"))
        await writer.drain()
        if connection.our_state is h11.MUST_CLOSE:
            return
        connection.start_next_cycle()


def _request(request: h11.Request, body: bytes) -> HttpRequest:
    parts = urlsplit(request.target.decode("ascii"))
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name] = f"{query[name]}\n{value}" if name in query else value  # repeated ones a line each
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers}
    return HttpRequest(request.method.decode("ascii"), unquote(parts.path), query, headers, body)


def _bytes(connection: h11.Connection, answer: HttpAnswer, *, head: bool) -> bytes:
    is_plain = answer.body is None or isinstance(answer.body, bytes)
    body = (answer.body or b"") if is_plain else json.dumps(answer.body, ensure_ascii=False).encode()
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(body)), **(answer.headers or {})}
    if answer.body is None:
        del headers["Content-Type"]
    parts = [connection.send(h11.Response(status_code=answer.status, headers=list(headers.items())))]
    if body and not head:
        parts.append(connection.send(h11.Data(data=body)))
    parts.append(connection.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part is not None)
