"""How long somebody who is in very many conversations waits for the first page of the inbox, and for a sync."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio as redis

from local.cloud import Cloud
from tests.bench.latency import by_request, timed
from tests.support.api import Api, User
from tests.support.socket import Socket, message

CONVERSATIONS = 1000
CREATORS = 20
"""None of them begins more than one user may at once."""
ATTEMPTS = 5
REPETITIONS = 40
"""Within what one user may ask at once."""


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """Milliseconds of each request."""

    page_ms: Sequence[float]
    """The first 50 conversations, with the heads in the cache."""
    uncached_ms: Sequence[float]
    """The same without."""
    unread_sync_ms: Sequence[float]
    """Of a device that has everything and has read none of it: each cursor has to be looked at."""
    read_sync_ms: Sequence[float]
    """Of one that has read everything."""


async def measure(cloud: Cloud) -> Inbox:
    async with Api(cloud.app.outputs) as api:
        busy = await api.sign_up("busy")
        creators = [await api.sign_up("creator") for _ in range(CREATORS)]
        sockets = [await creator.connect() for creator in creators]  # one by one: a cold start takes a while
        await asyncio.gather(*(_talk(creator, socket, busy) for creator, socket in zip(creators, sockets, strict=True)))
        conversations = await _folded(busy)
        unread = {each: {"seq": 2, "read_seq": 1} for each in conversations}
        read = {each: {"seq": 2, "read_seq": 2} for each in conversations}
        device = await busy.on_another_device()
        return Inbox(
            page_ms=[await timed(lambda: device.call("GET", "/v1/conversations")) for _ in range(REPETITIONS)],
            uncached_ms=[await _uncached(cloud, device) for _ in range(5)],
            unread_sync_ms=[await timed(lambda: device.sync(unread)) for _ in range(10)],
            read_sync_ms=[await timed(lambda: device.sync(read)) for _ in range(10)],
        )


async def _talk(creator: User, socket: Socket, busy: User) -> None:
    for _ in range(CONVERSATIONS // CREATORS):
        conversation = await creator.group(busy)
        await _say(socket, conversation)
        await socket.reach(conversation, 2, within_s=60.0)


async def _say(socket: Socket, conversation: str) -> None:
    """Again while the gateway has no environment free."""
    frame = {"action": "send", "conversation_id": conversation, "messages": [message("hello")]}
    for _ in range(ATTEMPTS):
        answer = await socket.ask(frame)
        if answer.get("type") == "ack":
            return
    raise AssertionError(answer)


async def _folded(user: User) -> list[str]:
    """All conversations, by paging the inbox."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await user.call("GET", "/v1/conversations", query={"limit": 200, **cursor})).expect(200)
        assert all(item["head"]["seq"] == 2 for item in page["items"])
        found += [item["conversation_id"] for item in page["items"]]
        if "next_cursor" not in page:
            assert len(set(found)) == CONVERSATIONS
            return found
        cursor = {"cursor": page["next_cursor"]}


async def _uncached(cloud: Cloud, user: User) -> float:
    async with redis.Redis.from_url(f"redis://{cloud.engines['valkey'].address}") as client:
        async for key in client.scan_iter("head:*", count=1000):
            await client.delete(key)
    return await timed(lambda: user.call("GET", "/v1/conversations"))


def table(inbox: Inbox) -> list[str]:
    rows = {
        "inbox, heads cached": inbox.page_ms,
        "inbox, heads not cached": inbox.uncached_ms,
        "sync, nothing read": inbox.unread_sync_ms,
        "sync, everything read": inbox.read_sync_ms,
    }
    return by_request(f"a member of {CONVERSATIONS:,} conversations (ms of one request)", rows)
