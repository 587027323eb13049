"""Natter as an app sees it: HTTP calls and sockets, nothing of the server's own code."""

import io
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.confidential import heard
from tests.support.document import is_documented
from tests.support.socket import Socket

HTTP_TIMEOUT_S = 30.0
PASSWORD = "correct horse battery"

type Fields = dict[str, Any]


def fresh(name: str) -> str:
    """A username or id that nobody has used yet."""
    return f"{name}_{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any
    """Parsed JSON; None if there is no body."""

    def expect(self, status: int) -> Any:
        """The body of an answer with this status."""
        assert status == self.status, f"expected {status}, got {self.status}: {self.body}"
        return self.body

    def refusal(self) -> tuple[int, str]:
        """Status and code of an answer that is a well-formed problem document (RFC 9457)."""
        assert self.headers["Content-Type"] == "application/problem+json", f"no problem: {self.status} {self.body}"
        assert {"type", "title", "status", "detail", "code"} <= self.body.keys()
        assert self.status == self.body["status"]
        return self.status, self.body["code"]


class Api:
    """One test's way to the system under test. Leaving it closes every socket that was opened through it."""

    def __init__(self, outputs: Mapping[str, str], *, password: str = PASSWORD) -> None:
        """`password` is that of everybody who signs up."""
        self.password = password
        self.url = outputs["HttpUrl"].rstrip("/")
        self.socket_url = outputs["WebSocketUrl"]
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S))
        self._sockets: list[Socket] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for socket in self._sockets:
            await socket.close()
        await self._http.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """
        `body` is sent as it is if it is text or bytes, else as JSON. Redirects are answers, too: they lead elsewhere.

        Raises:
            AssertionError: docs/openapi.json does not know such an answer.
        """
        fields = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        text = body if isinstance(body, str | bytes) else json.dumps(body, ensure_ascii=False)
        raw_body = text.encode() if isinstance(text, str) else text
        data = None if body is None else io.BytesIO(raw_body)
        async with self._http.request(
            method, self.url + path, data=data, params=query, headers=fields, allow_redirects=False
        ) as response:
            raw = await response.read()
            reply = Reply(response.status, response.headers, json.loads(raw) if raw else None)
        problem = reply.body is not None and reply.headers.get("Content-Type") == "application/problem+json"
        assert is_documented(method, path, reply.status, reply.body["code"] if problem else None), reply
        return reply

    async def open(self, url: str, *, token: str | None = None) -> Socket:
        """
        Open a socket.

        Raises:
            websockets.exceptions.InvalidStatus: the upgrade was refused.
        """
        socket = await Socket.open(url, token=token)
        self._sockets.append(socket)
        return socket

    async def sign_up(self, name: str = "someone") -> "User":
        """A new user, signed in on a first device."""
        username = fresh(name)
        heard(username, self.password)
        account = {"username": username, "password": self.password, "display_name": name.capitalize()}
        (await self.call("POST", "/v1/users", account)).expect(201)
        return await User.sign_in(self, username)


async def all_events(page: Callable[[int], Awaitable[Fields]]) -> list[Fields]:
    """The events of all pages, each `page` that of what comes after a place."""
    events: list[Fields] = []
    more = True
    while more:
        found = await page(events[-1]["seq"] if events else 0)
        events += found["events"]
        more = found["has_more"]
    return events


class User:
    """Somebody signed in on one device."""

    def __init__(self, api: Api, username: str, session: Fields) -> None:
        self.api = api
        self.username = username
        self.user_id: str = session["user_id"]
        self.device_id: str = session["device_id"]
        self.session_id: str = session["session_id"]
        self.access_token: str = session["access_token"]
        self.refresh_token: str = session["refresh_token"]
        heard(self.access_token, self.refresh_token)

    @classmethod
    async def sign_in(cls, api: Api, username: str) -> Self:
        reply = await api.call("POST", "/v1/sessions", {"username": username, "password": api.password})
        return cls(api, username, reply.expect(201))

    async def on_another_device(self) -> "User":
        return await User.sign_in(self.api, self.username)

    async def call(
        self, method: str, path: str, body: Any = None, *, query: Mapping[str, str | int] | None = None
    ) -> Reply:
        return await self.api.call(method, path, body, token=self.access_token, query=query)

    async def ticket(self) -> Fields:
        return dict((await self.call("POST", "/v1/tickets")).expect(201))

    async def connect(self) -> Socket:
        ticket = await self.ticket()
        heard(ticket["ticket"])
        return await self.api.open(ticket["url"])

    async def direct(self, other: "User") -> str:
        """The conversation with `other`, made if there is none."""
        reply = await self.call("POST", "/v1/conversations", {"kind": "direct", "members": [other.user_id]})
        assert reply.status in {200, 201}, reply
        return str(reply.body["conversation_id"])

    async def group(self, *others: "User", title: str = "Lobby") -> str:
        members = [other.user_id for other in others]
        reply = await self.call("POST", "/v1/conversations", {"kind": "group", "title": title, "members": members})
        return str(reply.expect(201)["conversation_id"])

    async def page(self, conversation: str, **query: int) -> Fields:
        """A page of history."""
        return dict((await self.call("GET", f"/v1/conversations/{conversation}/events", query=query)).expect(200))

    async def history(self, conversation: str) -> list[Fields]:
        """All events that this user may read."""
        return await all_events(lambda after: self.page(conversation, after=after, limit=200))

    async def sync(
        self, positions: Mapping[str, Fields] | None = None, *, limit: int | None = None, cursor: str | None = None
    ) -> Fields:
        options = {name: value for name, value in (("limit", limit), ("cursor", cursor)) if value is not None}
        return dict((await self.call("POST", "/v1/sync", {"positions": positions or {}, **options})).expect(200))
