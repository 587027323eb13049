"""How long a backlog takes: ten thousand messages wait in the log, then `persist` may go on."""

import asyncio
import time
from dataclasses import dataclass
from itertools import batched

from local.cloud import Cloud
from local.faults import Delay
from tests.support.api import Api, User
from tests.support.socket import Socket, message

USERS, MESSAGES, FRAME = 40, 10_000, 20
SETUP_AT_ONCE = 4
HELD_S = 600
PATIENCE_S = 300
POLL_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Backlog:
    messages: int
    seconds: float


async def measure(cloud: Cloud) -> Backlog:
    """Forty users write into twenty direct conversations while nothing is folded; then everything is."""
    async with Api(cloud.app.outputs) as api:
        gate = asyncio.Semaphore(SETUP_AT_ONCE)

        async def join(number: int) -> tuple[User, Socket]:
            async with gate:
                user = await api.sign_up(f"bench{number}")
                return user, await user.connect()

        joined = await asyncio.gather(*(join(number) for number in range(USERS)))
        pairs = list(batched(joined, 2, strict=True))
        chats = [await one.direct(other) for (one, _), (other, _) in pairs]
        await asyncio.gather(*(_reached(one, chat, 1) for ((one, _), _), chat in zip(pairs, chats, strict=True)))
        await cloud.faults.apply(Delay("persist", ms=HELD_S * 1000, seconds=HELD_S))
        each = MESSAGES // USERS
        talks = [(socket, chat) for pair, chat in zip(pairs, chats, strict=True) for _, socket in pair]
        await asyncio.gather(*(_write(socket, chat, each) for socket, chat in talks))
        began = time.perf_counter()
        await cloud.faults.clear()
        await asyncio.gather(
            *(_reached(one, chat, 1 + 2 * each) for ((one, _), _), chat in zip(pairs, chats, strict=True))
        )
        return Backlog(messages=USERS * each, seconds=time.perf_counter() - began)


async def _write(socket: Socket, chat: str, count: int) -> None:
    for numbers in batched(range(count), FRAME, strict=False):
        frame = {"action": "send", "conversation_id": chat, "messages": [message(f"{each}") for each in numbers]}
        while True:
            answer = await socket.ask(frame)
            if answer["type"] == "ack":
                break
            await asyncio.sleep(answer["retry_after_ms"] / 1000)  # the limit of each user


async def _reached(user: User, chat: str, seq: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            conversation = (await user.call("GET", f"/v1/conversations/{chat}")).expect(200)
            if conversation["head"]["seq"] >= seq:
                return
            await asyncio.sleep(POLL_S)


def table(backlog: Backlog) -> list[str]:
    return [
        f"a backlog of {backlog.messages} messages, {USERS // 2} conversations",
        f"  {'folded and stored in (s)':26}{backlog.seconds:8.1f}",
        f"  {'messages/s':26}{backlog.messages / backlog.seconds:8.0f}",
    ]
