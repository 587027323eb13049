"""
One device as the protocol asks it to be: first the socket, then sync; gaps are fetched, frames repeated.

No client of the SDK on purpose: what the tests believe of the cloud must not be what the SDK believes. It sends what
the SDK never would, tells the ledger of every frame and answer, and pings far too often.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp
from websockets.exceptions import WebSocketException

from tests.support.api import Fields, Reply, User, all_events
from tests.support.copy import Copy
from tests.support.findings import Screen
from tests.support.ledger import Ledger, commands_of
from tests.support.socket import Frame, NotSeenError, Socket, SocketClosedError, message

GAP_S = 1.0
"""How long the events before one that came early may take before they are fetched."""
ATTEMPT_S = 12.0
"""How long one attempt may take: more than the gateway lets a function run."""
PATIENCE_S = 90.0
"""How long to go on trying while something is down."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 3.0
POLL_S = 0.2
PING_S = 2.0
"""Far more often than a real client: what a lost registration hides has to come within a test."""

RETRYABLE = frozenset({"rate_limited", "unavailable", "internal"})
RETRYABLE_STATUS = frozenset({429, 500, 502, 503, 504})


class _AgainError(Exception):
    """What was asked may have happened or not; asked again after `after_s` seconds, it may be answered."""

    def __init__(self, after_s: float | None = None) -> None:
        self.after_s = after_s


class Client:
    """Everything that arrives goes into `ledger` and into the copies of the conversations."""

    def __init__(self, user: User, ledger: Ledger) -> None:
        self.user = user
        self.user_id = user.user_id
        self.name = f"{user.username} on {user.device_id[-6:]}"
        self.copies: dict[str, Copy] = {}
        self.reads: dict[str, int] = {}
        """Highest place that this device has said to have read, acknowledged."""
        self._ledger = ledger
        self._socket: Socket | None = None
        self._changed = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._life = asyncio.create_task(self._live())
        self._life.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
        if self._socket is not None:
            await self._socket.close()

    async def command(self, frame: Frame) -> Frame:
        """Send a frame until it is answered for good: its `ack` or `ok`, or an `error` that no retry helps."""

        async def attempt() -> Frame:
            while self._socket is None:
                await self._next()
            try:
                answer = await self._socket.ask(frame, within_s=ATTEMPT_S)
            except (NotSeenError, SocketClosedError) as error:
                self._ledger.repeated["closed" if isinstance(error, SocketClosedError) else "no answer"] += 1
                raise _AgainError from None
            if "type" not in answer or answer.get("code") in RETRYABLE:
                self._ledger.repeated[answer.get("code", "gateway")] += 1
                raise _AgainError(answer["retry_after_ms"] / 1000 if "retry_after_ms" in answer else None)
            return answer

        return await self._insist(attempt, of=frame["action"])

    async def perform(self, frame: Frame) -> Frame:
        """Send a frame of commands, noted in the ledger; the `ack`, or the `error` that refuses them."""
        commands = commands_of(frame, self)
        self._ledger.attempted |= {command.key for command in commands}
        answer = await self.command(frame)
        if answer["type"] == "ack":
            self._ledger.acknowledged += commands
        return answer

    async def say(self, conversation: str, words: str) -> str:
        """Send a text; its client_id, acknowledged."""
        said = message(words)
        answer = await self.perform({"action": "send", "conversation_id": conversation, "messages": [said]})
        assert answer["type"] == "ack", answer
        return str(said["client_id"])

    async def call(self, method: str, path: str, body: object = None) -> Reply:
        """An HTTP call, repeated while the answer is one that a retry may help."""

        async def attempt() -> Reply:
            try:
                reply = await self.user.call(method, path, body)
            except (aiohttp.ClientError, TimeoutError):
                raise _AgainError from None
            if reply.status in RETRYABLE_STATUS:
                raise _AgainError
            return reply

        return await self._insist(attempt, of=f"{method} {path}")

    async def page(self, conversation: str, *, after: int) -> Reply:
        """A page of history, or the refusal to show it."""
        return await self.call("GET", f"/v1/conversations/{conversation}/events?after={after}&limit=200")

    async def history(self, conversation: str) -> list[Fields]:
        """All events that this user may read."""

        async def page(after: int) -> Fields:
            return dict((await self.page(conversation, after=after)).expect(200))

        return await all_events(page)

    async def reconnect(self) -> None:
        """Drop the connection, as a phone in a tunnel does; another is opened at once."""
        if self._socket is not None:
            await self._socket.close()

    async def reach(self, conversation: str, seq: int, *, within_s: float) -> None:
        """Wait until everything up to `seq` is there."""
        try:
            async with asyncio.timeout(within_s):
                while conversation not in self.copies or self.copies[conversation].position < seq:
                    await self._next()
        except TimeoutError:
            copy = self.copies.get(conversation)
            at = copy.position if copy else None
            raise NotSeenError(f"{self.name} is at {at} of {seq} in {conversation} after {within_s} s") from None

    async def outcome(self, conversation: str, client_id: str, *, within_s: float) -> Frame:
        """The event of a command, or the error that refused it, of what has come to this device or will."""
        try:
            async with asyncio.timeout(within_s):
                while (found := self._ledger.outcome(self.user_id, conversation, client_id)) is None:
                    await self._next()
        except TimeoutError:
            raise NotSeenError(f"{self.name}: no outcome of {client_id} within {within_s} s") from None
        return found

    async def screen(self, conversation: str, seq: int, *, within_s: float) -> Screen:
        """What this device shows once everything up to `seq` is there, and what counts as read."""
        await self.reach(conversation, seq, within_s=within_s)
        copy, said_read = self.copies[conversation], self.reads.get(conversation, 0)
        deadline = time.monotonic() + within_s
        while True:
            seen = (await self.call("GET", f"/v1/conversations/{conversation}")).expect(200)
            if seen["read_seq"] >= said_read or time.monotonic() > deadline:
                break
            await asyncio.sleep(POLL_S)
        return Screen(
            device=self.name,
            user_id=self.user_id,
            conversation=conversation,
            first_seq=copy.first_seq,
            shown=copy.shown(),
            clashes=copy.clashes,
            read_seq=seen["read_seq"],
            unread=seen["unread"],
            said_read=said_read,
        )

    async def _insist[Answer](self, attempt: Callable[[], Awaitable[Answer]], *, of: str) -> Answer:
        """Repeat `attempt` while it asks for that, with backoff; what it answers."""
        deadline = time.monotonic() + PATIENCE_S
        backoff_s = FIRST_BACKOFF_S
        while time.monotonic() < deadline:
            try:
                return await attempt()
            except _AgainError as again:
                wait_s = backoff_s if again.after_s is None else again.after_s
            await asyncio.sleep(wait_s * random.uniform(1, 1.5))
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
        raise NotSeenError(f"{self.name}: no answer to {of} within {PATIENCE_S} s")

    async def _live(self) -> None:
        while True:
            try:
                socket = await self.user.connect()
            except (aiohttp.ClientError, TimeoutError, WebSocketException, OSError, AssertionError):
                await asyncio.sleep(random.uniform(FIRST_BACKOFF_S, LONGEST_BACKOFF_S))
                continue
            self._socket = socket
            self._tell()
            await self._sync()
            await self._watch(socket)
            self._socket = None

    async def _watch(self, socket: Socket) -> None:
        """Take what arrives until the socket closes; fetch what a gap hides for too long, ping now and then."""
        read = 0
        pinged = time.monotonic()
        while True:
            try:
                await socket.until(lambda _: True, since=read, within_s=GAP_S)
            except SocketClosedError:
                return
            except NotSeenError:
                await self._close_gaps()
            arrived, read = socket.frames[read:], len(socket.frames)
            for frame in arrived:
                await self._take(frame)
            if time.monotonic() - pinged > PING_S:
                pinged = time.monotonic()
                with contextlib.suppress(SocketClosedError):
                    await socket.send({"action": "ping", "id": "alive"})

    async def _take(self, frame: Frame) -> None:
        match frame.get("type"):
            case "events":
                conversation = frame["conversation_id"]
                self._ledger.shown(self, conversation, frame["events"])
                if conversation not in self.copies:
                    await self._fetch(conversation)
                else:
                    self.copies[conversation].take_live(frame["events"])
            case "error" if "client_ids" in frame and "id" not in frame:
                self._ledger.refused(self.user_id, frame)
            case "pong" if frame.get("sync"):
                await self._sync()
        self._tell()

    async def _close_gaps(self) -> None:
        for conversation, copy in list(self.copies.items()):
            if copy.has_gap:
                await self._fetch(conversation)

    async def _sync(self) -> None:
        positions = {
            each: {"seq": copy.position, "read_seq": self.reads.get(each, 0)} for each, copy in self.copies.items()
        }
        cursor: str | None = None
        while True:
            body: Fields = {"positions": positions} | ({"cursor": cursor} if cursor else {})
            answer = (await self.call("POST", "/v1/sync", body)).expect(200)
            for each in answer["conversations"]:
                await self._synced(each)
            cursor = answer.get("next_cursor")
            if cursor is None:
                return

    async def _synced(self, missed: Fields) -> None:
        conversation = missed["conversation_id"]
        if missed.get("removed"):
            self.copies.pop(conversation, None)
        elif missed["limited"]:
            await self._fetch(conversation)
        else:
            self._ledger.shown(self, conversation, missed["events"])
            self.copies.setdefault(conversation, Copy(self.user_id)).take_page(missed)
        self._tell()

    async def _fetch(self, conversation: str) -> None:
        """What is missing, page by page; nothing if it may not be read (any more)."""
        copy = self.copies.setdefault(conversation, Copy(self.user_id))
        more = True
        while more:
            reply = await self.page(conversation, after=copy.position)
            if reply.status == 403:
                self.copies.pop(conversation, None)
                return
            page = reply.expect(200)
            self._ledger.shown(self, conversation, page["events"])
            copy.take_page(page)
            more = page["has_more"]
        self._tell()

    def _ended(self, _: asyncio.Task[None]) -> None:
        """Whoever waits is woken: if this device could not go on, `_next` says why."""
        self._tell()

    async def _next(self) -> None:
        """Wait until something has happened."""
        changed = self._changed
        if self._life is not None and self._life.done():
            await self._life
        await changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
