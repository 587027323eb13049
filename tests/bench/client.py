"""
The load: pairs of users who talk, in one process that does as little as it can beside that: so it is raw, and no
client of the SDK, which would bring each message to the disk.

`python -m tests.bench.client open|closed HTTP_URL` prints a line of JSON when measuring begins, and one with the
result. Run by the benchmarks.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

import aiohttp
import uvloop

HTTP_TIMEOUT_S = 60.0
PATIENCE_S = 15.0
"""How long after the end what was sent last may take to arrive."""
PASSWORD = "correct horse battery"
SETUP_AT_ONCE = 4
RETRYABLE = {"rate_limited", "unavailable", "internal", None}
BACKOFF_S = 0.2

_numbers = itertools.count()


@dataclass
class Talker:
    connect: Callable[[], Awaitable[aiohttp.ClientWebSocketResponse]]
    user_id: str
    socket: aiohttp.ClientWebSocketResponse
    conversation: str = ""
    unanswered: dict[str, str] = field(default_factory=dict)
    """Frames by id."""


@dataclass
class Measured:
    """Milliseconds from the sender's call, of everything that was sent while measuring."""

    began: float = 0.0
    ended: float = 0.0
    sent: int = 0
    ack_ms: list[float] = field(default_factory=list)
    delivery_ms: list[float] = field(default_factory=list)
    repeated: int = 0
    """Frames that the stack asked to send again."""
    reconnects: int = 0
    """Sockets that the stack closed, which is what it does when it cannot deliver in time."""
    cpu_s: float = 0.0
    """Processor time of this process from its start to the end."""

    def to_json(self) -> str:
        return json.dumps(self.__dict__)


class Load:
    """Messages under way, by client_id, which is unique in this process."""

    def __init__(self) -> None:
        self.measured: Measured | None = None
        self.over = False
        self._calls: dict[str, tuple[float, Measured | None, str]] = {}
        self._arrivals: dict[str, asyncio.Future[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._repeating: set[asyncio.Task[None]] = set()

    async def say(self, sender: Talker) -> asyncio.Future[None]:
        """Send one message; the future is done when the other one has it."""
        client_id = f"m{next(_numbers)}"
        self._arrivals[client_id] = arrival = self._loop.create_future()
        frame = (
            f'{{"action":"send","id":"{client_id}","conversation_id":"{sender.conversation}",'
            f'"messages":[{{"client_id":"{client_id}","content":{{"type":"text","text":"How are you today?"}}}}]}}'
        )
        if self.measured is not None:
            self.measured.sent += 1
        sender.unanswered[client_id] = frame
        self._calls[client_id] = (time.perf_counter(), self.measured, sender.conversation)
        await _send(sender, frame)
        return arrival

    async def read(self, talker: Talker) -> None:
        """Note what arrives at one user's socket, and open another if it is closed, until all is over."""
        while True:
            async for message in talker.socket:
                self._frame(talker, json.loads(message.data), time.perf_counter())
            if self.over:
                return
            await self._reconnect(talker)

    def _frame(self, talker: Talker, frame: dict[str, Any], now: float) -> None:
        if frame.get("type") == "ack":
            talker.unanswered.pop(frame["id"], None)  # a repetition is answered too
            self._acknowledged(frame["id"], now)
        elif frame.get("type") == "events":
            for event in frame["events"]:
                if "client_id" in event and event["sender_id"] != talker.user_id:
                    self._delivered(event["client_id"], now)
        else:
            self._refused(talker, frame)

    async def _reconnect(self, talker: Talker) -> None:
        """What was under way to this user may never come: it counts as not arrived, and nobody waits for it."""
        if self.measured is not None:
            self.measured.reconnects += 1
        talker.socket = await talker.connect()
        for client_id, (_, _, conversation) in self._calls.items():
            if conversation == talker.conversation and client_id not in talker.unanswered:
                arrival = self._arrivals.pop(client_id, None)
                if arrival is not None:
                    arrival.set_result(None)
        for frame in list(talker.unanswered.values()):
            await _send(talker, frame)

    def _acknowledged(self, client_id: str, now: float) -> None:
        called, measured, _ = self._calls[client_id]
        if measured is not None:
            measured.ack_ms.append(1000 * (now - called))

    def _delivered(self, client_id: str, now: float) -> None:
        arrival = self._arrivals.pop(client_id, None)
        if arrival is None:
            return  # shown twice, which is allowed
        called, measured, _ = self._calls[client_id]
        if measured is not None:
            measured.delivery_ms.append(1000 * (now - called))
        arrival.set_result(None)

    def _refused(self, talker: Talker, frame: dict[str, Any]) -> None:
        """Send again what may be; anything else ends the run. The gateway's own error is one of every open frame."""
        if frame.get("code") not in RETRYABLE:
            self._arrivals[frame["id"]].set_exception(RuntimeError(f"refused: {frame['code']}"))
            return
        wait_s = frame.get("retry_after_ms", 1000 * BACKOFF_S) / 1000 * random.uniform(1, 2)
        for client_id in [frame["id"]] if "id" in frame else list(talker.unanswered):
            task = self._loop.create_task(self._repeat(talker, client_id, wait_s))
            self._repeating.add(task)
            task.add_done_callback(self._repeating.discard)

    async def _repeat(self, talker: Talker, client_id: str, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        if client_id in talker.unanswered:
            if self.measured is not None:
                self.measured.repeated += 1
            await _send(talker, talker.unanswered[client_id])

    async def settled(self) -> None:
        """Wait until everything has arrived."""
        if self._arrivals:
            await asyncio.wait(list(self._arrivals.values()), timeout=PATIENCE_S)


async def _send(talker: Talker, frame: str) -> None:
    """On a socket that is closing nothing is sent: `read` opens another and sends all that is unanswered."""
    with contextlib.suppress(aiohttp.ClientConnectionResetError):
        await talker.socket.send_str(frame)


async def open_loop(load: Load, pairs: list[tuple[Talker, Talker]], *, rate: float, seconds: float) -> None:
    """`rate` messages a second, whatever comes back, the pairs and their sides in turn."""
    start = time.perf_counter()
    turns = itertools.cycle([pair[side] for side in (0, 1) for pair in pairs])
    for number in range(int(rate * seconds)):
        wait_s = start + number / rate - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        await load.say(next(turns))


async def closed_loop(load: Load, pairs: list[tuple[Talker, Talker]], *, seconds: float) -> None:
    """Each pair plays ping-pong: the other answers as soon as a message has arrived."""
    end = time.perf_counter() + seconds

    async def play(pair: tuple[Talker, Talker]) -> None:
        for sender in itertools.cycle(pair):
            if time.perf_counter() >= end:
                return
            arrival = await load.say(sender)
            async with asyncio.timeout(PATIENCE_S):
                await arrival

    await asyncio.gather(*map(play, pairs))


@contextlib.asynccontextmanager
async def talking(
    load: Load, http: aiohttp.ClientSession, url: str, pairs: int, *, together: bool
) -> AsyncIterator[list[Talker]]:
    """2 x `pairs` users, connected, each two in a conversation, or all `together` in one group."""
    gate = asyncio.Semaphore(SETUP_AT_ONCE)

    async def post(path: str, body: object, token: str = "") -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.post(url + path, json=body, headers=headers) as response:
            response.raise_for_status()
            return dict(await response.json())

    async def join() -> tuple[Talker, str]:
        async with gate:
            account = {"username": f"bench_{secrets.token_hex(6)}", "password": PASSWORD}
            await post("/v1/users", account)
            session = await post("/v1/sessions", account)
            token = session["access_token"]

            async def connect() -> aiohttp.ClientWebSocketResponse:
                return await http.ws_connect((await post("/v1/tickets", {}, token))["url"])

            return Talker(connect, session["user_id"], await connect()), token

    joined = await asyncio.gather(*(join() for _ in range(2 * pairs)))
    talkers = [talker for talker, _ in joined]
    circles = [joined] if together else list(batched(joined, 2, strict=True))
    for (first, token), *others in circles:
        kind: dict[str, object] = {"kind": "group", "title": "All"} if together else {"kind": "direct"}
        members = [other.user_id for other, _ in others]
        made = await post("/v1/conversations", {**kind, "members": members}, token)
        for talker in (first, *(other for other, _ in others)):
            talker.conversation = made["conversation_id"]
    readers = [asyncio.create_task(load.read(talker)) for talker in talkers]
    yield talkers
    load.over = True
    for talker in talkers:
        await talker.socket.close()
    await asyncio.gather(*readers)


async def run(options: argparse.Namespace) -> Measured:
    load = Load()
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        talking(load, http, options.url.rstrip("/"), options.pairs, together=options.together) as talkers,
    ):
        pairs = list(zip(talkers[::2], talkers[1::2], strict=True))

        def loop(seconds: float) -> Awaitable[None]:
            if options.mode == "open":
                return open_loop(load, pairs, rate=options.rate, seconds=seconds)
            return closed_loop(load, pairs, seconds=seconds)

        return await _measured(load, loop, warm_s=options.warm, seconds=options.seconds)


async def _measured(load: Load, loop: Callable[[float], Awaitable[None]], *, warm_s: float, seconds: float) -> Measured:
    await loop(warm_s)
    await load.settled()
    print(json.dumps({"measuring": True}), flush=True)  # noqa: T201
    load.measured = measured = Measured(began=time.perf_counter())
    await loop(seconds)
    await load.settled()
    measured.ended = time.perf_counter()
    measured.cpu_s = time.process_time()
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.client")
    parser.add_argument("mode", choices=("open", "closed"))
    parser.add_argument("url")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--together", action="store_true", help="all in one group, not two and two")
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second, of an open loop")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--warm", type=float, default=5.0, help="seconds of the same before measuring")
    print(uvloop.run(run(parser.parse_args())).to_json(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
