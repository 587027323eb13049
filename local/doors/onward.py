"""Requests that are handed on to LocalStack, and what it answers."""

import asyncio
import logging
from collections.abc import Callable

import aiohttp
from yarl import URL

from local.runtime.http1 import Exchange

type Rewrite = Callable[[str], str]
"""Of the address and of each header."""

_HOP_BY_HOP = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "server", "date"}
)
_NOT_ON = _HOP_BY_HOP - {"date", "server"} | {"expect"}

_logger = logging.getLogger(__name__)


def as_it_is(text: str) -> str:
    return text


class Onward:
    """`start`, `hand` as often as one likes, `stop`."""

    def __init__(self, behind: str, *, name: str) -> None:
        """`behind` is LocalStack's URL; `name` says in the log who hands on."""
        self._behind = behind
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))

    async def stop(self) -> None:
        """What is under way is answered no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def hand(self, exchange: Exchange, rewrite: Rewrite = as_it_is, *, answered: bool = True) -> None:
        """Hand it on, and, if it is to be `answered`, give back what is said to it."""
        task = asyncio.get_running_loop().create_task(self._hand(exchange, rewrite, answered=answered))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand(self, exchange: Exchange, rewrite: Rewrite, *, answered: bool) -> None:
        assert self._session is not None
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.headers]
        try:
            async with self._session.request(
                exchange.method,
                URL(self._behind + rewrite(exchange.target.decode("latin-1")), encoded=True),
                headers=[(name, rewrite(value)) for name, value in headers if name.lower() not in _NOT_ON],
                data=exchange.body or None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientError as error:
            _logger.warning("%s: %s", self._name, error)
            if answered:
                exchange.respond(503, b"")
            return
        if answered:
            kept = _HOP_BY_HOP - {"content-length"} if exchange.method == "HEAD" else _HOP_BY_HOP
            told = [
                (name.encode(), value.encode()) for name, value in answer.headers.items() if name.lower() not in kept
            ]
            exchange.respond(answer.status, body, told)
