"""
Ten days away: what it takes a device to catch up with 500 conversations and 10,000 events.

That is longer than heads are cached and than the log is kept, so both are emptied first. The device has to have then
what one has that was there, or this fails.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio as redis
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from local.cloud import Cloud
from natter.names import TOPICS
from tests.support.api import Api, User
from tests.support.lag import caught_up
from tests.support.returning import Cost, Returning
from tests.support.socket import Socket, message

CONVERSATIONS = 500
MISSED_EACH = 20
EFFECTS = 4
"""Of these: an edit, a deletion and two reactions."""
FRIENDS = 20
"""None of them begins more conversations than one user may at once."""
TALK_AT_ONCE = 8
"""More would be more than a laptop delivers in time, and connections are closed that it does not."""
PATIENCE_S = 120.0
ADMIN_S = 20

RETRYABLE = ("rate_limited", "unavailable", "internal")


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
    async with Api(cloud.app.outputs) as api:
        bob = await api.sign_up("bob")
        tablet, screen = await bob.on_another_device(), await bob.connect()
        friends = [await api.sign_up("friend") for _ in range(FRIENDS)]
        sockets = [await friend.connect() for friend in friends]
        each = list(zip(friends, sockets, strict=True))
        chats = [list(found) for found in await asyncio.gather(*(_begin(*one, bob) for one in each))]
        everywhere = [chat for some in chats for chat in some]
        await _reached(screen, dict.fromkeys(everywhere, 2))
        away = Returning(tablet)
        first = await away.catch_up()
        gate = asyncio.Semaphore(TALK_AT_ONCE)
        await asyncio.gather(*(_talk(gate, socket, some) for socket, some in zip(sockets, chats, strict=True)))
        await _reached(screen, dict.fromkeys(everywhere, 2 + MISSED_EACH))
        await _ten_days(cloud)
        back = await away.catch_up()
        _compare(away, screen, bob, everywhere)
        return Absence(first=first, back=back, again=await away.catch_up(), inbox=await away.read_inbox())


async def _begin(friend: User, socket: Socket, bob: User) -> list[str]:
    chats = [await friend.group(bob) for _ in range(CONVERSATIONS // FRIENDS)]
    for chat in chats:
        await _do(socket, {"action": "send", "conversation_id": chat, "messages": [message("hello")]})
    return chats


async def _talk(gate: asyncio.Semaphore, socket: Socket, chats: Sequence[str]) -> None:
    """What is missed in each: messages, and changes of some that the device has, and of some that it has not."""
    async with gate:
        for chat in chats:
            words = [message(f"number {number}") for number in range(MISSED_EACH - EFFECTS)]
            await _do(socket, {"action": "send", "conversation_id": chat, "messages": words})
            edited = {"target_seq": 2, "content": {"type": "text", "text": "hello again"}}
            await _do(socket, {"action": "edit", "conversation_id": chat, "client_id": "e", **edited})
            await _do(socket, {"action": "delete", "conversation_id": chat, "client_id": "d", "target_seq": 3})
            for target in (2, 4):
                liked = {"target_seq": target, "reaction": "👍"}
                await _do(socket, {"action": "react", "conversation_id": chat, "client_id": f"r{target}", **liked})


async def _do(socket: Socket, frame: dict[str, object]) -> None:
    await socket.insist(frame, within_s=PATIENCE_S, after=RETRYABLE)


async def _reached(screen: Socket, heads: dict[str, int]) -> None:
    """Whatever order they come in."""
    missing, read = set(heads), 0

    def all_there(_: object) -> bool:
        nonlocal read
        for frame in screen.frames[read:]:
            if frame["type"] == "events":
                seqs = [event["seq"] for event in frame["events"]]
                missing.difference_update({frame["conversation_id"]} if heads[frame["conversation_id"]] in seqs else ())
        read = len(screen.frames)
        return not missing

    await screen.until(all_there, within_s=PATIENCE_S)


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


def _compare(away: Returning, screen: Socket, bob: User, everywhere: Sequence[str]) -> None:
    there = Returning(bob)
    for frame in screen.frames:
        there.take(frame)
    assert away.copies.keys() == there.copies.keys() == set(everywhere)
    for chat in everywhere:
        assert away.shown(chat) == there.shown(chat), chat
        assert away.told[chat] == away.shown(chat)["unread"], chat


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
