"""
Ten days away: what it takes a device to catch up with 500 conversations and 10,000 events.

That is longer than heads are cached and than the log is kept, so both are emptied first. The device has to have then
what one has that was there, or this fails.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import redis.asyncio as redis
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from local.cloud import Cloud
from natter.names import TOPICS
from tests.support.api import Api, User
from tests.support.client import Client
from tests.support.lag import caught_up
from tests.support.ledger import Ledger
from tests.support.returning import Cost, Returning
from tests.support.socket import Frame, message

CONVERSATIONS = 500
MISSED_EACH = 20
EFFECTS = 4
"""Of these: an edit, a deletion and two reactions."""
FRIENDS = 20
"""None of them begins more conversations than one user may at once."""
AT_ONCE = 8
"""Friends who begin conversations, or talk: all of them say more than a laptop delivers in time."""
PATIENCE_S = 120.0
ADMIN_S = 20


@dataclass(frozen=True, kw_only=True)
class Absence:
    first: Cost
    """Of the same device when it was new: everything from the start."""
    back: Cost
    """After the absence."""
    again: Cost
    """When nothing was missed and nothing read."""
    inbox: Cost
    """Reading the whole inbox, as clients do afterwards for what they show beside."""


async def measure(cloud: Cloud) -> Absence:
    ledger = Ledger()
    async with Api(cloud.app.outputs) as api, AsyncExitStack() as stack:
        bob = await api.sign_up("bob")
        away, there = Returning(await bob.on_another_device()), await stack.enter_async_context(Client(bob, ledger))
        friends = [Client(await api.sign_up("friend"), ledger) for _ in range(FRIENDS)]
        for friend in friends:
            await stack.enter_async_context(friend)
        gate = asyncio.Semaphore(AT_ONCE)
        chats = await asyncio.gather(*(_begin(gate, friend, bob) for friend in friends))
        everywhere = [chat for some in chats for chat in some]
        await _reached(there, everywhere, 2)
        first = await away.catch_up()
        await asyncio.gather(*(_talk(gate, *each) for each in zip(friends, chats, strict=True)))
        await _reached(there, everywhere, 2 + MISSED_EACH)
        await _ten_days(cloud)
        back = await away.catch_up()
        _compare(away, there, everywhere)
        return Absence(first=first, back=back, again=await away.catch_up(), inbox=await away.read_inbox())


async def _begin(gate: asyncio.Semaphore, friend: Client, bob: User) -> list[str]:
    chats = []
    async with gate:
        for number in range(CONVERSATIONS // FRIENDS):
            body = {"kind": "group", "title": f"Chat {number}", "members": [bob.user_id]}
            chats.append((await friend.call("POST", "/v1/conversations", body)).expect(201)["conversation_id"])
            await _do(friend, {"action": "send", "conversation_id": chats[-1], "messages": [message("hello")]})
    return chats


async def _talk(gate: asyncio.Semaphore, friend: Client, chats: Sequence[str]) -> None:
    """What is missed in each: messages, and changes of some that the device has, and of some that it has not."""
    async with gate:
        for chat in chats:
            words = [message(f"number {number}") for number in range(MISSED_EACH - EFFECTS)]
            await _do(friend, {"action": "send", "conversation_id": chat, "messages": words})
            edited = {"target_seq": 2, "content": {"type": "text", "text": "hello again"}}
            await _do(friend, {"action": "edit", "conversation_id": chat, "client_id": "e", **edited})
            await _do(friend, {"action": "delete", "conversation_id": chat, "client_id": "d", "target_seq": 3})
            for target in (2, 4):
                liked = {"target_seq": target, "reaction": "👍"}
                await _do(friend, {"action": "react", "conversation_id": chat, "client_id": f"r{target}", **liked})


async def _do(friend: Client, frame: Frame) -> None:
    answer = await friend.command(frame)
    assert answer["type"] == "ack", answer


async def _reached(device: Client, everywhere: Sequence[str], seq: int) -> None:
    await asyncio.gather(*(device.reach(chat, seq, within_s=PATIENCE_S) for chat in everywhere))


async def _ten_days(cloud: Cloud) -> None:
    """What is kept for a week is gone: the heads that are cached, and what is in the log."""
    await caught_up(cloud, within_s=PATIENCE_S)
    await asyncio.to_thread(_empty_log, cloud.engines["kafka"].address)
    async with redis.Redis.from_url(f"redis://{cloud.engines['valkey'].address}") as client:
        async for key in client.scan_iter("head:*", count=1000):
            await client.delete(key)


def _empty_log(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    partitions = {topic: admin.list_topics(topic, timeout=ADMIN_S).topics[topic].partitions for topic in TOPICS}
    ends = [TopicPartition(topic, each, OFFSET_END) for topic, some in partitions.items() for each in some]
    for deleted in admin.delete_records(ends, request_timeout=ADMIN_S).values():
        deleted.result()


def _compare(away: Returning, there: Client, everywhere: Sequence[str]) -> None:
    assert away.copies.keys() == there.copies.keys() == set(everywhere)
    for chat in everywhere:
        shown, copy = away.shown(chat), there.copies[chat]
        assert (shown["position"], shown["events"]) == (copy.position, copy.shown()), chat
        assert away.told[chat] == shown["unread"] == 1 + MISSED_EACH - EFFECTS, chat


def table(absence: Absence) -> list[str]:
    rows = {
        "when it is new": absence.first,
        "after ten days": absence.back,
        "with nothing missed": absence.again,
        "the inbox": absence.inbox,
    }
    return [
        f"a device of {CONVERSATIONS} conversations, away for {CONVERSATIONS * MISSED_EACH:,} events",
        f"  {'':22}{'requests':>10}{'sent KB':>10}{'got KB':>10}{'s':>8}",
        *(
            f"  {name:22}{cost.requests:10}{cost.sent / 1000:10.1f}{cost.received / 1000:10.1f}{cost.seconds:8.2f}"
            for name, cost in rows.items()
        ),
    ]
