"""A bot and the webhooks, as they ship, on the whole stack."""

import asyncio
import contextlib
import json
import time
from pathlib import Path

from aiohttp.test_utils import TestClient as HookClient
from aiohttp.test_utils import TestServer as HookServer

from clients.bots.oncall.__main__ import bot as oncall
from clients.webhooks.incoming import incoming
from clients.webhooks.outgoing import forward
from clients.webhooks.signing import signed
from natter_client import Client, Conversation
from tests.clients.python.test_webhooks import SECRET, Receiver
from tests.support.api import Api
from tests.support.sdk import client_of

CEILING_S = 120.0
"""Only against hangs."""


async def texts(client: Client, chat: Conversation, count: int) -> list[str]:
    """What is said, as soon as it is so much."""
    while len(found := [message.text for message in chat.messages()]) < count:
        await client.watcher(chat.conversation_id).wait()
    return found


class TestBots:
    async def test_the_rota_answers(self, api: Api, tmp_path: Path) -> None:
        alice, robot = await api.sign_up("alice"), await api.sign_up("robot")
        async with (
            asyncio.timeout(CEILING_S),
            client_of(alice, tmp_path) as phone,
            client_of(robot, tmp_path) as client,
        ):
            await asyncio.gather(phone.synced(), client.synced())
            serving = asyncio.create_task(oncall.serve(client))
            chat = await phone.direct(robot.username)
            for words in ("!rota ann ben", "!handover", "!oncall"):
                await chat.send(words)
            said = await texts(phone, chat, 6)
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        assert [text for text in said if not text.startswith("!")] == [
            "ann → ben. ann is on call",
            "ben is on call",
            "ben is on call",
        ]


class TestWebhooks:
    async def test_what_is_posted_is_said_and_what_is_said_is_posted(self, api: Api, tmp_path: Path) -> None:
        alice, robot, receiver = await api.sign_up("alice"), await api.sign_up("robot"), Receiver(503)
        async with (
            asyncio.timeout(CEILING_S),
            receiver.server,
            client_of(alice, tmp_path) as phone,
            client_of(robot, tmp_path) as client,
            HookClient(HookServer(incoming(client, SECRET))) as hook,
        ):
            await asyncio.gather(phone.synced(), client.synced())
            chat = await phone.direct(robot.username)
            while chat.conversation_id not in client.store.conversation_ids():
                await client.watcher(chat.conversation_id).wait()
            posting = asyncio.create_task(
                forward(client, chat.conversation_id, str(receiver.server.make_url("/chat")), SECRET)
            )
            body = json.dumps({"text": "the build is red"}).encode()
            url = signed(f"/{chat.conversation_id}", body, SECRET, int(time.time()))
            for _ in range(2):
                async with hook.post(url, data=body) as answer:
                    assert answer.status == 202
            assert await texts(phone, chat, 1) == ["the build is red"]
            await (await chat.send("I look into it")).placed()
            while not receiver.texts:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)
            posting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await posting
            assert receiver.texts == ["I look into it"]
            assert await texts(phone, chat, 2) == ["the build is red", "I look into it"]
