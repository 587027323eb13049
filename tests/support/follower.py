"""A client as the protocol asks it to be: it repeats what is not acknowledged, closes gaps, reconnects."""

import asyncio
import contextlib
import random
import secrets
import time
from types import TracebackType
from typing import Self

from tests.support.api import Fields, User
from tests.support.history import Sent
from tests.support.socket import NotSeenError, Socket, SocketClosedError, events_of, text

GAP_S = 1.0
"""How long the events before one that came early may take before they are fetched."""
ATTEMPT_S = 12.0
"""How long one attempt may take: more than the gateway lets a function run."""
SEND_S = 90.0
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 3.0


class Follower:
    """
    One device of a member of one conversation: `seen` is the conversation as this device has it.

    What came live and what had to be fetched from history is counted apart.
    """

    def __init__(self, user: User, conversation: str) -> None:
        self.user = user
        self.conversation = conversation
        self.seen: dict[int, Fields] = {}
        self.clashes: list[tuple[Fields, Fields]] = []
        """Two events that were shown at one place."""
        self.position = 0
        """Everything up to here has been seen."""
        self.live = self.fetched = self.reconnects = 0
        self._socket: Socket | None = None
        self._changed = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._life = asyncio.create_task(self._follow())
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

    async def say(self, words: str) -> Sent:
        """Send one message, repeated with the same client_id until it is acknowledged."""
        client_id = secrets.token_hex(8)
        frame = {
            "action": "send",
            "conversation_id": self.conversation,
            "messages": [{"client_id": client_id, "content": text(words)}],
        }
        backoff_s = FIRST_BACKOFF_S
        deadline = time.monotonic() + SEND_S
        while time.monotonic() < deadline:
            answer = await self._attempt(frame)
            if answer.get("type") == "ack":
                return Sent(sender_id=self.user.user_id, client_id=client_id, words=words)
            assert answer.get("code") in {"rate_limited", "unavailable", "internal", None}, answer
            wait_s = answer.get("retry_after_ms", 1000 * backoff_s) / 1000
            await asyncio.sleep(wait_s * random.uniform(1, 1.5))
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
        raise NotSeenError(f"no ack within {SEND_S} s")

    async def reach(self, seq: int, *, within_s: float) -> None:
        """Wait until everything up to `seq` has been seen."""
        try:
            async with asyncio.timeout(within_s):
                while self.position < seq:
                    await self._changed.wait()
        except TimeoutError:
            raise NotSeenError(f"{self.user.username} is at {self.position} of {seq} after {within_s} s") from None

    async def _attempt(self, frame: Fields) -> Fields:
        """The answer, or nothing that helps: then it may or may not have happened."""
        while self._socket is None:
            await self._changed.wait()
        try:
            return await self._socket.ask(frame, within_s=ATTEMPT_S)
        except (NotSeenError, SocketClosedError):
            return {}

    async def _follow(self) -> None:
        """First the socket, then what was missed; again whenever the connection ends."""
        while True:
            socket = await self.user.connect()
            self._socket = socket
            self._tell()
            await self._fetch()
            await self._watch(socket)
            self._socket = None
            self.reconnects += 1

    async def _watch(self, socket: Socket) -> None:
        """Take live events until the socket closes; fetch what a gap hides for too long."""
        read = 0
        while True:
            try:
                await socket.until(lambda frame: frame.get("type") == "events", since=read, within_s=GAP_S)
            except SocketClosedError:
                return
            except NotSeenError:
                if self.seen and max(self.seen) > self.position:
                    await self._fetch()
                continue
            arrived, read = socket.frames[read:], len(socket.frames)
            for frame in arrived:
                self.live += self._take(list(events_of(frame, self.conversation)))

    async def _fetch(self) -> None:
        more = True
        while more:
            page = await self.user.page(self.conversation, after=self.position, limit=200)
            self.fetched += self._take(page["events"])
            more = page["has_more"]

    def _take(self, events: list[Fields]) -> int:
        """Keep what is new; how much that is."""
        before = len(self.seen)
        for event in events:
            known = self.seen.setdefault(event["seq"], event)
            if known != event:
                self.clashes.append((known, event))
        while self.position + 1 in self.seen:
            self.position += 1
        self._tell()
        return len(self.seen) - before

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
