"""
One device of very many: as the SDKs are, a ticket, the socket, then sync; pings on their schedule; after an end again,
with full jitter.

It keeps how far it has come in each of its conversations, and nothing of what was said.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from websockets.exceptions import InvalidHandshake

from natter_client.core.part import backoff_ms
from natter_client.core.session import OPENING_MS, PING_JITTER_MS, PING_MS
from tests.support.api import fresh
from tests.support.line import Line, LineEndedError
from tests.support.socket import Frame, message

HTTP_S = 30.0
GAP_S = 1.0
"""How long the events before one that came early may take before they are fetched."""
ANSWER_S = 12.0
RETRYABLE_S = 0.5
PAGE = 200
PATH_SHOWN = 20
HEALTHY_S = 60.0
"""Of the SDKs: after a socket that was open for so long, backoff begins anew."""
PATIENCE = 8
"""So often something is asked for again before anything is measured."""


class RefusedError(Exception):
    """An answer that was not hoped for; why, by what it is counted."""

    def __init__(self, why: str, retry_after_ms: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_ms = retry_after_ms


FAILURES = (RefusedError, aiohttp.ClientError, OSError, InvalidHandshake, LineEndedError, EOFError)
"""TimeoutError is an OSError."""


def why(error: BaseException) -> str:
    """By what a failure is counted."""
    response = getattr(error, "response", None)
    if isinstance(error, RefusedError):
        return error.why
    return f"upgrade {response.status_code}" if response is not None else type(error).__name__


@dataclass
class Http:
    """`session` keeps as many lines open as there may be requests at once, for all devices of the process."""

    session: aiohttp.ClientSession
    url: str
    socket_url: str

    async def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """
        The body of the answer.

        Raises:
            RefusedError: it is no 2xx.
            aiohttp.ClientError, TimeoutError: there is none.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            if response.status >= 300:
                raise RefusedError(
                    f"{method} {path.split('?', maxsplit=1)[0][:PATH_SHOWN]} {response.status}", _after_ms(answer)
                )
            return answer

    async def insist(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """The same, again while it is refused for now, which must be safe."""
        failures = 0
        while True:
            try:
                return await self.call(method, path, body, token=token)
            except (RefusedError, aiohttp.ClientError, TimeoutError) as error:
                if failures > PATIENCE:
                    raise
                after_ms = getattr(error, "retry_after_ms", 0)
            await asyncio.sleep((after_ms + backoff_ms(failures, random.random)) / 1000)
            failures += 1


def _after_ms(answer: Any) -> int:
    return int(answer.get("retry_after_ms", 0)) if isinstance(answer, dict) else 0


@dataclass
class Account:
    user_id: str
    token: str


@dataclass
class Tally:
    """What happened to all devices together."""

    attempts: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    pings: int = 0
    pong_ms: list[float] = field(default_factory=list)
    live: int = 0
    """Events that came live first."""
    synced: int = 0
    """Events that came with a sync or a page first."""
    syncs: int = 0
    again: int = 0
    """Events that a device had already."""
    ends: int = 0


class Device:
    def __init__(self, account: Account, conversations: Sequence[str], http: Http, tally: Tally) -> None:
        self.account = account
        self.positions = dict.fromkeys(conversations, 1)  # who has made them said so
        self.arrived = asyncio.Event()
        """It was well once."""
        self.well_at: float | None = None
        """Since when it is connected and knows what it has missed (`time.monotonic`)."""
        self.leaves = False
        """It does not come again."""
        self.heard: Callable[[Frame], None] | None = None
        """Who looks at all frames beside."""
        self._ahead: dict[str, set[int]] = {each: set() for each in conversations}
        self._http = http
        self._tally = tally
        self._line: Line | None = None
        self._failures = 0
        self._since = 0.0
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def live(self, *, known: bool = False) -> None:
        """
        Be connected, until `leave`. `known`: the first time by an access token and without a sync, as somebody who has
        nothing to be told; their first ping is due at any time, as of one who has been there for long.
        """
        self.leaves = False
        while not self.leaves:
            self._tally.attempts += 1
            after_ms = 0
            try:
                async with asyncio.timeout(OPENING_MS / 1000):
                    self._line = line = await self._open(by_token=known)
                self._since = time.monotonic()
                if not known:
                    await self._synced(line)
                self.well_at = time.monotonic()
                self.arrived.set()
                await self._stay(line, first_ping_s=random.random() * _ping_s() if known else None)
                self._tally.ends += 1
            except FAILURES as error:
                self._tally.failures[why(error)] += 1
                after_ms = getattr(error, "retry_after_ms", 0)
            known, self.well_at = False, None
            self._end()
            if not self.leaves:
                await asyncio.sleep((after_ms + backoff_ms(self._failures, random.random)) / 1000)
                self._failures += 1

    def leave(self) -> None:
        self.leaves = True
        if self._line is not None:
            self._line.close()

    async def say(self, conversation: str, words: str) -> str:
        """One message, repeated until it is acknowledged; its client id."""
        said = message(words)
        frame = {"action": "send", "id": said["client_id"], "conversation_id": conversation, "messages": [said]}
        while True:
            answer = await self._asked(frame)
            if answer.get("type") == "ack":
                return str(said["client_id"])
            await asyncio.sleep(answer.get("retry_after_ms", 1000 * RETRYABLE_S) / 1000)

    async def ask(self, frame: Frame) -> Frame:
        """One try; what is no answer is an empty one."""
        return await self._asked({**frame, "id": fresh("f")})

    async def _asked(self, frame: Frame) -> Frame:
        answer = asyncio.get_running_loop().create_future()
        self._answers[frame["id"]] = answer
        try:
            if self._line is not None:
                self._line.send(frame)
                async with asyncio.timeout(ANSWER_S):
                    return dict(await answer)
        except (LineEndedError, TimeoutError):
            pass  # not known to be there: it is repeated, with the same client id
        finally:
            del self._answers[frame["id"]]
        return {}

    def _end(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
            if time.monotonic() - self._since > HEALTHY_S:
                self._failures = 0

    async def _open(self, *, by_token: bool) -> Line:
        if by_token:
            return await Line.open(self._http.socket_url, self._take, token=self.account.token)
        ticket = await self._http.call("POST", "/v1/tickets", {}, token=self.account.token)
        return await Line.open(ticket["url"], self._take)

    async def _stay(self, line: Line, *, first_ping_s: float | None) -> None:
        wait_s = first_ping_s
        while True:
            pause_s = _ping_s() if wait_s is None else wait_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await asyncio.shield(line.closed)
            if line.closed.done():
                return
            wait_s, began = None, time.monotonic()
            pong = await self._asked({"action": "ping", "id": fresh("p")})
            self._tally.pings += 1
            if not pong:
                return
            self._tally.pong_ms.append(1000 * (time.monotonic() - began))
            if pong.get("sync"):
                await self._synced(line)

    async def _synced(self, line: Line) -> None:
        """Ask until it is answered, with backoff; the socket stays open meanwhile."""
        failures = 0
        while True:
            try:
                await self._sync()
            except (RefusedError, aiohttp.ClientError, TimeoutError) as error:
                self._tally.failures[why(error)] += 1
                after_ms = getattr(error, "retry_after_ms", 0)
            else:
                if line.closed.done():
                    raise LineEndedError
                return
            await asyncio.sleep((after_ms + backoff_ms(failures, random.random)) / 1000)
            failures += 1
            if line.closed.done():
                raise LineEndedError

    async def _sync(self) -> None:
        self._tally.syncs += 1
        positions = {each: {"seq": seq, "read_seq": 0} for each, seq in self.positions.items()}
        more: dict[str, Any] = {}
        while True:
            body = {"positions": positions, **more}
            answer = await self._http.call("POST", "/v1/sync", body, token=self.account.token)
            for entry in answer["conversations"]:
                if entry["limited"]:
                    await self._fetch(entry["conversation_id"])
                else:
                    self._note(entry["conversation_id"], entry["events"], live=False)
            if "next_cursor" not in answer:
                return
            more = {"cursor": answer["next_cursor"]}

    async def _fetch(self, conversation: str) -> None:
        more = True
        while more:
            path = f"/v1/conversations/{conversation}/events?after={self.positions[conversation]}&limit={PAGE}"
            page = await self._http.call("GET", path, token=self.account.token)
            self._note(conversation, page["events"], live=False)
            more = page["has_more"]

    def _take(self, frame: Frame) -> None:
        kind = frame.get("type")
        if self.heard is not None:
            self.heard(frame)
        if kind == "events":
            self._note(frame["conversation_id"], frame["events"], live=True)
        elif (answer := self._answers.get(str(frame.get("id")))) is not None and not answer.done():
            answer.set_result(frame)

    def _note(self, conversation: str, events: Sequence[Frame], *, live: bool) -> None:
        if conversation not in self.positions:
            self.positions[conversation], self._ahead[conversation] = 0, set()
        ahead, position = self._ahead[conversation], self.positions[conversation]
        new = {event["seq"] for event in events if event["seq"] > position} - ahead
        self._tally.again += len(events) - len(new)
        if live:
            self._tally.live += len(new)
        else:
            self._tally.synced += len(new)
        ahead |= new
        while position + 1 in ahead:
            position += 1
            ahead.discard(position)
        self.positions[conversation] = position
        if ahead and live:
            asyncio.get_running_loop().call_later(GAP_S, self._close_gap, conversation, position)

    def _close_gap(self, conversation: str, position: int) -> None:
        if self._ahead[conversation] and self.positions[conversation] == position and self._line is not None:
            task = asyncio.get_running_loop().create_task(self._fetched(conversation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fetched(self, conversation: str) -> None:
        try:
            await self._fetch(conversation)
        except FAILURES as error:
            self._tally.failures[why(error)] += 1
            if self._ahead[conversation]:
                asyncio.get_running_loop().call_later(
                    GAP_S, self._close_gap, conversation, self.positions[conversation]
                )


def _ping_s() -> float:
    return (PING_MS + PING_JITTER_MS * random.random()) / 1000
