"""A hostile user: one account, and what the limits leave it, of which it uses a little more than there is."""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from natter.domain.limits import (
    COMMANDS,
    FAILED_SIGN_INS_PER_ADDRESS,
    HTTP_PER_USER,
    SIGN_UPS_PER_ADDRESS,
    SIGNALS,
    Bucket,
)
from tests.support.api import PASSWORD
from tests.support.socket import Frame, message

EXCESS = 1.1
"""Of what a bucket gives: so that some of it is refused, too."""
ANSWERED_WITHIN_S = 20.0
FAULTS = frozenset({"internal", "gateway"})
"""Answers that are nobody's due, whatever they have sent."""

_numbers = itertools.count()


class Pace:
    """
    Lets through what a bucket gives, and a little more; what was not used is there at once, up to its burst.

    It is empty in the beginning, so that not everybody's bursts come together; or `full`.
    """

    def __init__(self, bucket: Bucket, *, full: bool = False) -> None:
        self._rate = bucket.rate * EXCESS
        self._burst_s = bucket.burst / bucket.rate
        self._due = asyncio.get_running_loop().time() - (self._burst_s if full else 0.0)

    async def take(self, number: int = 1) -> None:
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now - self._burst_s) + number / self._rate
        await asyncio.sleep(max(0.0, self._due - now))


def a_share_of(bucket: Bucket, share: float) -> Bucket:
    """Whoever may do anything may do it once."""
    return replace(bucket, rate=bucket.rate * share, burst=max(1, round(bucket.burst * share)))


@dataclass
class Address:
    """What all of them share, who come from one."""

    http: aiohttp.ClientSession
    url: str
    victims: Sequence[Mapping[str, str]]
    """`user_id` and `username` of people who have done them nothing."""
    share: float
    """Of the limits of protocol.md, what the stage allows."""
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """What must not be answered, with what asked for it."""

    def __post_init__(self) -> None:
        self.sign_ins, self.sign_ups = self.pace(FAILED_SIGN_INS_PER_ADDRESS), self.pace(SIGN_UPS_PER_ADDRESS)

    def pace(self, bucket: Bucket, *, full: bool = False) -> Pace:
        return Pace(a_share_of(bucket, self.share), full=full)

    async def call(
        self, method: str, path: str, body: object = None, *, token: str | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, Any]:
        """Status and body of whatever is answered."""
        sent = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        what = f"{method} {path[:60]}"
        try:
            async with self.http.request(
                method, self.url + path, data=data, headers={**sent, **headers}, allow_redirects=False
            ) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.note("no answer", f"{what}: {error!r}")
            return 0, None
        answered = json.loads(raw) if "json" in answer.headers.get("Content-Type", "") and raw else None
        code = answered.get("code") if isinstance(answered, dict) else None
        self.note(code or str(answer.status), f"{what}: {answer.status} {raw[:200]!r}")
        if answer.status >= 500 and code not in {*FAULTS, "unavailable"}:
            self.faults.append(f"{what}: {answer.status} {raw[:200]!r}")
        return answer.status, answered

    async def upload(self, url: str, form: aiohttp.FormData) -> None:
        """To the store of files."""
        try:
            async with self.http.post(url, data=form) as answer:
                self.answers[f"upload {answer.status}"] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.answers[f"upload {error!r}"] += 1

    def note(self, code: str, what: str) -> None:
        self.answers[code] += 1
        if code in FAULTS:
            self.faults.append(what)


@dataclass
class Villain:
    address: Address
    username: str
    user_id: str
    token: str
    number: int
    den: str = ""
    """A group of their own, with two others of their kind."""
    mates: Sequence["Villain"] = ()
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _asked: dict[str, asyncio.Future[Frame]] = field(default_factory=dict)
    _seen: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    """Places of what is waited for, by client id."""

    def __post_init__(self) -> None:
        self.commands, self.signals, self.requests = map(self.address.pace, (COMMANDS, SIGNALS, HTTP_PER_USER))

    @classmethod
    async def arrive(cls, address: Address, number: int) -> "Villain":
        account = {"username": f"villain_{secrets.token_hex(6)}", "password": PASSWORD}
        await address.call("POST", "/v1/users", account)
        _, session = await address.call("POST", "/v1/sessions", account)
        return cls(address, account["username"], session["user_id"], session["access_token"], number)

    async def call(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
        await self.requests.take()
        return await self.address.call(method, path, body, token=self.token, **options)

    async def connect(self) -> aiohttp.ClientWebSocketResponse | None:
        """Another socket, if it may be."""
        _, ticket = await self.call("POST", "/v1/tickets")
        return None if ticket is None or "url" not in ticket else await self.open(ticket["url"])

    async def open(self, url: str) -> aiohttp.ClientWebSocketResponse | None:
        try:
            return await self.address.http.ws_connect(url, max_msg_size=0)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.address.note("not connected", repr(error))
            return None

    async def live(self) -> None:
        """Hold a socket, whatever becomes of it, and count what is answered."""
        while True:
            self._socket = await self.connect()
            if self._socket is not None:
                async for data in self._socket:
                    self._take(json.loads(data.data))

    async def frame(self, fields: Frame | str | bytes) -> None:
        """Send without waiting."""
        if self._socket is None or self._socket.closed:
            await asyncio.sleep(0.1)
            return
        with contextlib.suppress(aiohttp.ClientError):
            if isinstance(fields, bytes):
                await self._socket.send_bytes(fields)
            else:
                text = fields if isinstance(fields, str) else json.dumps(fields, ensure_ascii=False)
                await self._socket.send_str(text)

    async def ask(self, fields: Frame) -> Frame:
        """What is answered; nothing if the socket ends first."""
        request = f"q{next(_numbers)}"
        self._asked[request] = asyncio.get_running_loop().create_future()
        await self.frame({**fields, "id": request})
        return await self._soon(self._asked, request, {})

    async def send(self, conversation: str, *messages: Frame) -> None:
        await self.commands.take(len(messages))
        await self.frame({"action": "send", "conversation_id": conversation, "messages": list(messages)})

    async def say(self, words: str) -> int:
        """The place of a message in the den; 0 if there is none."""
        said = message(words)
        self._seen[said["client_id"]] = asyncio.get_running_loop().create_future()
        await self.send(self.den, said)
        return await self._soon(self._seen, said["client_id"], 0)

    async def amend(self, action: str, seq: Any, **fields: Any) -> None:
        """Edit, delete, or react to what is at `seq` of the den."""
        await self.commands.take()
        client_id = fields.pop("client_id", None) or secrets.token_hex(8)
        await self.frame(
            {"action": action, "conversation_id": self.den, "client_id": client_id, "target_seq": seq, **fields}
        )

    def _take(self, frame: Frame) -> None:
        kind = frame.get("type", "gateway")
        self.address.note(frame["code"] if kind == "error" else kind, f"frame: {json.dumps(frame)[:300]}")
        if (asked := self._asked.get(frame.get("id", ""))) is not None and not asked.done():
            asked.set_result(frame)
        for event in frame.get("events", ()):
            seen = self._seen.get(event.get("client_id", ""))
            if seen is not None and not seen.done():
                seen.set_result(event["seq"])

    @staticmethod
    async def _soon[Value](waiting: dict[str, asyncio.Future[Value]], key: str, otherwise: Value) -> Value:
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await waiting[key]
        except TimeoutError:
            return otherwise
        finally:
            del waiting[key]
