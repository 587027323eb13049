"""Who was away for long has, after a sync, what a device has that was there all the time."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from tests.support.api import Api, User
from tests.support.returning import Returning
from tests.support.socket import Socket, message

FRAME = 20
MANY = 210
"""More than a sync tells of one conversation, and more than a page holds."""


@pytest.fixture
async def valkey(valkey_endpoint: str) -> AsyncIterator[redis.Redis]:
    async with redis.Redis.from_url(f"redis://{valkey_endpoint}") as client:
        yield client


async def friend(api: Api, name: str) -> tuple[User, Socket]:
    user = await api.sign_up(name)
    return user, await user.connect()


async def chatter(socket: Socket, chat: str, count: int) -> None:
    for start in range(0, count, FRAME):
        many = [message(f"number {number}") for number in range(start, min(start + FRAME, count))]
        frame = {"action": "send", "conversation_id": chat, "messages": many}
        await socket.insist(frame, within_s=30, after=("rate_limited", "unavailable"))


async def change(socket: Socket, chat: str, *, edited: int, deleted: int, liked: int) -> None:
    """Messages of the socket's own user that the device has already, or not yet."""
    for frame in (
        {"action": "edit", "client_id": f"e{edited}", "target_seq": edited, "content": {"type": "text", "text": "!"}},
        {"action": "delete", "client_id": f"d{deleted}", "target_seq": deleted},
        {"action": "react", "client_id": f"r{liked}", "target_seq": liked, "reaction": "👍"},
    ):
        await socket.insist({**frame, "conversation_id": chat}, within_s=30, after=("rate_limited", "unavailable"))


class TestAbsence:
    async def test_ends_with_what_a_device_has_that_was_there(self, api: Api, valkey: redis.Redis) -> None:
        bob, (alice, a), (carol, c) = await api.sign_up("bob"), await friend(api, "alice"), await friend(api, "carol")
        tablet, laptop = await bob.on_another_device(), await bob.on_another_device()
        screen, typing = await bob.connect(), await laptop.connect()
        direct, group, left = await alice.direct(bob), await alice.group(bob, carol), await carol.group(bob)
        for socket, chat in ((a, direct), (a, group), (c, left)):
            await socket.say(chat, "2", "3", "4", "5")
            await screen.reach(chat, 5)
        away = Returning(tablet)
        await away.catch_up()
        assert away.copies.keys() == {direct, group, left}

        await change(a, direct, edited=2, deleted=3, liked=4)
        await asyncio.gather(chatter(a, group, MANY // 2), chatter(c, group, MANY // 2))
        await change(a, group, edited=2, deleted=3, liked=5)
        await typing.say(direct, "Bob was here")
        (await carol.call("DELETE", f"/v1/conversations/{left}/members/{bob.user_id}")).expect(204)
        new = await carol.group(bob, title="Another")
        await c.say(new, "Welcome")
        (await laptop.call("PUT", f"/v1/conversations/{group}/read", {"seq": 50})).expect(202)
        heads = {direct: 9, group: 5 + MANY + 3, new: 2}
        await asyncio.gather(*(screen.reach(chat, seq) for chat, seq in heads.items()))
        await screen.until(lambda frame: frame["type"] == "receipt" and frame["conversation_id"] == group)
        async for key in valkey.scan_iter("head:*", count=1000):  # they are kept for a week
            await valkey.delete(key)
        await away.catch_up()

        there = Returning(bob)
        for frame in screen.frames:
            there.take(frame)
        assert away.copies.keys() == heads.keys(), "not the one that Bob does not belong to any more"
        for chat, head in heads.items():
            assert away.shown(chat) == there.shown(chat)
            assert away.shown(chat)["position"] == head
            assert away.told[chat] == away.shown(chat)["unread"]
        assert (await away.catch_up()).conversations == 0
