"""The Python SDK as its users have it: two of them talk, and one is away."""

import asyncio
from pathlib import Path

from natter_client import Client, Message, MessageReceived, Synced
from tests.support.api import Api, User

CEILING_S = 120.0
"""Only against hangs."""
NOWHERE = "http://127.0.0.1:9"
"""Discard: nobody answers there."""
MOST_CONNECTIONS = 20


def client_of(user: User, folder: Path, url: str | None = None) -> Client:
    store = folder / f"{user.username}.db"
    return Client(url or user.api.url, store=store, username=user.username, password=user.api.password)


async def received(client: Client, text: str) -> Message:
    async for event in client.events("test"):
        if isinstance(event, MessageReceived) and event.message.text == text:
            return event.message
    raise AssertionError("the events ended")


class TestPythonClient:
    async def test_two_talk(self, api: Api, tmp_path: Path) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        async with (
            asyncio.timeout(CEILING_S),
            client_of(alice, tmp_path) as phone,
            client_of(bob, tmp_path) as tablet,
        ):
            await asyncio.gather(phone.synced(), tablet.synced())
            chat = await phone.direct(bob.username)
            hearing = asyncio.create_task(received(tablet, "Hello, Bob"))
            sent = await chat.send("Hello, Bob")
            message = await hearing
            assert (await sent.placed(), message.sender_id) == (message.seq, phone.user_id)
            await sent.delivered()
            theirs = tablet.conversation(chat.conversation_id)
            theirs.mark_read()
            await sent.read(by=tablet.user_id)
            await theirs.react(message.seq, "👍").placed()
            while (shown := chat.message(message.seq)) is None or not shown.reactions:
                await phone.watcher(chat.conversation_id).wait()
            assert [(each.reaction, each.user_ids) for each in shown.reactions] == [("👍", (tablet.user_id,))]

    async def test_a_socket_that_the_server_closes_is_replaced(self, api: Api, tmp_path: Path) -> None:
        """A user's twenty-first connection closes the oldest."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        async with asyncio.timeout(CEILING_S), client_of(alice, tmp_path) as phone:
            await phone.synced()
            chat = await phone.direct(bob.username)
            events = phone.events()
            for _ in range(MOST_CONNECTIONS):
                await alice.connect()
            async for event in events:
                if isinstance(event, Synced):
                    break
            assert await (await chat.send("still here")).placed() == 2

    async def test_what_is_written_offline_arrives_once_and_in_order(self, api: Api, tmp_path: Path) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        texts = [f"number {number}" for number in range(20)]
        async with asyncio.timeout(CEILING_S):
            async with client_of(alice, tmp_path) as phone:
                chat = (await phone.direct(bob.username)).conversation_id
                await phone.synced()
            async with client_of(alice, tmp_path, NOWHERE) as phone:
                written = [phone.conversation(chat).write(text).client_id for text in texts]
            async with client_of(alice, tmp_path) as phone:
                for client_id, text in zip(written, texts, strict=True):
                    await phone.conversation(chat).write(text, client_id=client_id).placed()
        messages = [event for event in await bob.history(chat) if event["type"] == "message"]
        assert [(event["client_id"], event["content"]["text"]) for event in messages] == list(
            zip(written, texts, strict=True)
        )
