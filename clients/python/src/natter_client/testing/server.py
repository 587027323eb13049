"""`FakeServer`: a Natter for tests, in this process, on loopback."""

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Upgrade
from websockets.http11 import Response as Refusal
from websockets.typing import Subprotocol

from natter_client.errors import BY_CODE, BadRequest, NatterError, TooLarge, UnknownAction
from natter_client.testing import http_server
from natter_client.testing.actions import COMMANDS, Actions, refusal_of
from natter_client.testing.fields import parse_json
from natter_client.testing.http_server import HttpAnswer, HttpRequest
from natter_client.testing.routes import Routes
from natter_client.testing.world import Frame, Limits, User, World

MOST_FRAME, MOST_MESSAGE = 32 * 1024, 128 * 1024
MOST_BODY = 1 << 20
FILES = "/files"
"""Where this server is the store for files, too: `POST /files` takes one, `GET /files` hands one out."""
IDLE_S, LIFETIME_S = 600.0, 7200.0
"""After which API Gateway ends a connection, as `GOING_AWAY`."""
GOING_AWAY = 1001
SWEEP_S = 1.0
CURSORS = frozenset({"read", "delivered"})
PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist for a test


class ProtocolViolationError(AssertionError):
    """A client did what the protocol forbids. Its text lists what."""


@dataclass
class _Twist:
    """What is to happen to the next requests of one kind."""

    error: NatterError | None
    carried_out: bool
    times: int


class _Connection:
    """What is posted goes out in order, by the task that `run` is."""

    def __init__(self, socket: ServerConnection, user_id: str, session_id: str, now: Callable[[], float]) -> None:
        self.socket, self._now = socket, now
        self.born = self.last_active = now()
        self.user_id, self.session_id = user_id, session_id
        self.state = "online"
        self.watching: frozenset[str] = frozenset()
        self.under_way: set[str] = set()
        """Conversations of which a frame of commands is being handled."""
        self._outgoing: asyncio.Queue[Frame | int] = asyncio.Queue()

    def post(self, frame: Frame) -> None:
        self._outgoing.put_nowait(frame)

    def close(self, code: int = 1000) -> None:
        self._outgoing.put_nowait(code)

    async def run(self) -> None:
        while not isinstance(out := await self._outgoing.get(), int):
            self.last_active = self._now()
            with contextlib.suppress(ConnectionClosed):  # who reads sees the end
                await self.socket.send(json.dumps(out, ensure_ascii=False))
        await self.socket.close(out)


class FakeServer:
    """
    HTTP and WebSocket API of the protocol, kept in memory, with nothing left to chance but ids. Its clock is `now`
    (seconds since the epoch), and what `advance` has added to it.

    It is strict: what a client must not do is kept in `violations`, and leaving the context raises
    `ProtocolViolationError` if there is any (unless `strict` is false). And it does on request what real networks
    and servers do: see `refuse`, `swallow`, `lose_live`, `cut`, `unreachable`.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        latency_s: float = 0.0,
        strict: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lost: dict[str, int] = {}
        self._clock, self._ahead_s = now, 0.0
        self.world = World(self.now, limits or Limits(), self._is_lost)
        self.violations: list[str] = []
        self.unreachable = False
        """While it is true, neither requests nor sockets are answered."""
        self.received: list[Frame] = []
        """Every frame that came, in order."""
        self._latency_s, self._strict = latency_s, strict
        self._twists: dict[str, deque[_Twist]] = {}
        self._not_before: dict[object, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()
        self._exit = contextlib.AsyncExitStack()
        self._act = Actions(self.world)
        self._route = Routes(
            self.world, lambda ticket: f"{self.websocket_url}?ticket={ticket}", lambda: f"{self.http_url}{FILES}"
        )

    async def __aenter__(self) -> Self:
        http = await self._exit.enter_async_context(await http_server.serve(self._answer))
        sockets: Server = await self._exit.enter_async_context(
            serve(
                self._talk,
                "127.0.0.1",
                0,
                process_request=self._upgrade,
                select_subprotocol=_subprotocol,
                max_size=(MOST_MESSAGE, MOST_FRAME),
                compression=None,
                ping_interval=None,
                close_timeout=0.2,
            )
        )
        self.http_url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        sweeper = asyncio.create_task(self._sweep())
        self._tasks.add(sweeper)
        self.websocket_url = f"ws://127.0.0.1:{next(iter(sockets.sockets)).getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._exit.aclose()
        if self._strict and error is None and self.violations:
            raise ProtocolViolationError("; ".join(self.violations))

    @property
    def outputs(self) -> Mapping[str, str]:
        """As a deployment's."""
        return {"HttpUrl": self.http_url, "WebSocketUrl": self.websocket_url, "Region": "local", "Stage": "fake"}

    def now(self) -> float:
        return self._clock() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """
        Let time pass for this server, not for its clients: tokens, tickets, links and limits go by it, connections
        end as at API Gateway (idle for 10 minutes, or 2 hours old), and a `client_id` is forgotten after 7 days.
        """
        self._ahead_s += seconds
        self._end_old()

    # people of a test

    def user(self, name: str, password: str = PASSWORD) -> User:
        """Somebody who has signed up."""
        return self.world.sign_up(name, password, name.capitalize())

    def say(self, user: User, conversation_id: str, *texts: str) -> list[int]:
        """Have `user` say something from elsewhere; the places."""
        conversation = self.world.conversation(conversation_id, user.user_id)
        events = [
            conversation.decide(
                "message",
                user.user_id,
                self.world.now_ms(),
                {"client_id": self.world.fresh("m"), "content": {"type": "text", "text": text}},
            )[0]
            for text in texts
        ]
        self.world.publish(conversation, *events)
        return [event["seq"] for event in events]

    def texts(self, conversation_id: str) -> list[str]:
        """What was said, in the order of the log."""
        log = self.world.conversations[conversation_id].log
        return [event["content"].get("text", "") for event in log if event["type"] == "message"]

    # what goes wrong

    def refuse(
        self, kind: str, code: str, *, times: int = 1, carried_out: bool = False, retry_after_s: float | None = None
    ) -> None:
        """
        Answer the next requests of a kind with an error; `carried_out` ones take effect all the same.

        `kind` is the action of a frame (`send`), or method and path (`POST /v1/sync`).
        """
        error = BY_CODE[code]("scripted", retry_after_s=retry_after_s)
        self._twists.setdefault(kind, deque()).append(_Twist(error, carried_out, times))

    def swallow(self, kind: str, *, times: int = 1, carried_out: bool = True) -> None:
        """Do not answer the next requests of a kind."""
        self._twists.setdefault(kind, deque()).append(_Twist(None, carried_out, times))

    def lose_live(self, user_id: str, *, frames: int = 1) -> None:
        """Do not show this user the next `events` frames."""
        self._lost[user_id] = self._lost.get(user_id, 0) + frames

    def cut(self, user_id: str | None = None) -> None:
        """Break all sockets, or those of one user, without a word."""
        for connection in list(self._connections):
            if user_id in {None, connection.user_id}:
                connection.socket.transport.abort()

    # how it does that

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._end_old()

    def _end_old(self) -> None:
        for connection in list(self._connections):
            if self.now() - connection.last_active >= IDLE_S or self.now() - connection.born >= LIFETIME_S:
                connection.close(GOING_AWAY)

    def _is_lost(self, user_id: str, frame: Frame) -> bool:
        if frame["type"] != "events" or self._lost.get(user_id, 0) == 0:
            return False
        self._lost[user_id] -= 1
        return True

    def _twist(self, kind: str) -> _Twist | None:
        waiting = self._twists.get(kind)
        if not waiting:
            return None
        waiting[0].times -= 1
        return waiting[0] if waiting[0].times else waiting.popleft()

    async def _answer(self, request: HttpRequest) -> HttpAnswer | None:
        kind = f"{request.method} {request.path}"
        session = request.headers.get("authorization")
        if self._is_early((session, kind)):
            self.violations.append(f"{kind}: repeated earlier than `retry_after_ms` asked for")
        twist = None if self.unreachable else self._twist(kind)
        if self.unreachable or (twist and twist.error is None and not twist.carried_out):
            return None
        try:
            if twist is not None and twist.error is not None and not twist.carried_out:
                raise twist.error
            answer = self._stored(request) if request.path == FILES else self._routed(request)
            if twist is not None and twist.error is not None:
                raise twist.error
        except NatterError as error:
            if isinstance(error, BadRequest):
                self.violations.append(f"{kind}: {error.detail}")
            answer = _problem(error)
            if session is not None:  # refreshing is one try more, of a token that may be spent
                self._hold((session, kind), error)
        return None if twist and twist.error is None else answer

    def _stored(self, request: HttpRequest) -> HttpAnswer:
        """What the store for files answers, which knows no sessions."""
        if request.method == "POST":
            status = self.world.files.post(request.headers.get("content-type", ""), request.body)
            return HttpAnswer(status, None)
        status, body, headers = self.world.files.get(request.query.get("link", ""), request.headers.get("range"))
        return HttpAnswer(status, body, headers=headers)

    def _routed(self, request: HttpRequest) -> HttpAnswer:
        if len(request.body) > MOST_BODY:
            raise TooLarge("body: over 1 MiB")
        body = parse_json(request.body) if request.body else None
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        method = "GET" if request.method == "HEAD" else request.method
        accept = request.headers.get("accept", "")
        answer = self._route(method, request.path, request.query, body, token, accept=accept)
        if (method, request.path) == ("POST", "/v1/sync"):
            session = self.world.authenticated(token)
            if all(each.session_id != session.session_id for each in self.world.connections[session.user_id]):
                self.violations.append("POST /v1/sync: first the socket, then sync")
        return HttpAnswer(answer.status, answer.body, headers=answer.headers)

    def _upgrade(self, socket: ServerConnection, request: Upgrade) -> Refusal | None:
        if self.unreachable:
            return Refusal(503, "Service Unavailable", Headers())
        (ticket,) = parse_qs(urlsplit(request.path).query).get("ticket", [""])
        session = self.world.redeem(ticket)
        if session is None and (bearer := request.headers.get("Authorization", "")):
            with contextlib.suppress(NatterError):
                session = self.world.authenticated(bearer.removeprefix("Bearer "))
        if session is None:
            self.violations.append("a socket without a ticket that is good, once")
            return Refusal(401, "Unauthorized", Headers())
        socket.natter = session  # type: ignore[attr-defined]
        return None

    async def _talk(self, socket: ServerConnection) -> None:
        session = socket.natter  # type: ignore[attr-defined]
        connection = _Connection(socket, session.user_id, session.session_id, self.now)
        writer = asyncio.create_task(connection.run())
        self._connections.add(connection)
        self.world.connect(connection)
        try:
            async for data in socket:
                connection.last_active = self.now()
                if isinstance(data, bytes):
                    self.violations.append("a binary frame")
                    return await socket.close(1003)
                task = asyncio.create_task(self._handle(data, connection))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except ConnectionClosed:
            pass  # without a word: the same as with one
        finally:
            self._connections.discard(connection)
            self.world.disconnect(connection)
            writer.cancel()

    async def _handle(self, data: str, connection: _Connection) -> None:
        frame, unreadable = None, None
        try:
            frame = parse_json(data)
        except BadRequest as error:
            unreadable = error
        if isinstance(frame, dict):
            self.received.append(frame)
        kind = str(frame.get("action")) if isinstance(frame, dict) else ""
        conversation = str(frame.get("conversation_id", "")) if isinstance(frame, dict) and kind in COMMANDS else ""
        self._look(kind, conversation, frame, connection)
        connection.under_way.add(conversation)
        await asyncio.sleep(self._latency_s)
        connection.under_way.discard(conversation)
        twist = self._twist(kind)
        answers = self._answers(data, frame, unreadable, twist, connection)
        if twist is None or twist.error is not None:
            for answer in answers:
                connection.post(answer)

    def _answers(
        self, data: str, frame: Any, unreadable: BadRequest | None, twist: _Twist | None, connection: _Connection
    ) -> list[Frame]:
        try:
            if len(data.encode()) > MOST_FRAME:
                raise TooLarge("a message over 32 KB")
            if unreadable is not None:
                raise unreadable
            answers = self._act(frame, connection) if twist is None or twist.carried_out else []
            if twist is not None and twist.error is not None:
                raise twist.error
        except NatterError as error:
            if isinstance(error, BadRequest | UnknownAction | TooLarge):
                self.violations.append(f"{connection.user_id}: {error.detail}")
            answers = [refusal_of(error, frame)]
            for client_id in answers[0].get("client_ids", ()):
                self._hold(client_id, error)
            if isinstance(frame, dict) and frame.get("action") in CURSORS:
                self._hold((connection.user_id, frame["action"], str(frame.get("conversation_id"))), error)
        return answers

    def _hold(self, what: object, error: NatterError) -> None:
        """It is not to come again before what the error asks for."""
        self._not_before[what] = self.world.now() + (error.retry_after_s or 0)

    def _is_early(self, what: object) -> bool:
        return self.world.now() < self._not_before.get(what, 0)

    def _look(self, kind: str, conversation: str, frame: Any, connection: _Connection) -> None:
        """Note what a client must not do, though it is answered."""
        if kind in CURSORS and self._is_early((connection.user_id, kind, str(frame.get("conversation_id")))):
            self.violations.append(f"{kind}: repeated earlier than `retry_after_ms` asked for")
        if not conversation:
            return
        if conversation in connection.under_way:
            self.violations.append(f"{kind}: a second frame of a conversation before the first was answered")
        messages = frame.get("messages", [frame])
        for each in messages if isinstance(messages, list) else []:
            client_id = each.get("client_id") if isinstance(each, dict) else None
            if isinstance(client_id, str) and self._is_early(client_id):
                self.violations.append(f"{kind}: repeated earlier than `retry_after_ms` asked for")


def _subprotocol(_: ServerConnection, offered: Any) -> Subprotocol | None:
    return Subprotocol("natter.v1") if "natter.v1" in offered else None


def _problem(error: NatterError) -> HttpAnswer:
    """RFC 9457."""
    body = {
        "type": f"urn:natter:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    headers = {}
    if error.retryable:
        body["retry_after_ms"] = int(1000 * (error.retry_after_s or 0)) + 1
        headers["Retry-After"] = str(max(1, round(error.retry_after_s or 0)))
    if error.code == "method_not_allowed":
        headers["Allow"] = error.detail
    return HttpAnswer(error.status, body, "application/problem+json", headers)
