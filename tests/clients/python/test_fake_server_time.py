"""The fake cloud's clock: what ends and is forgotten by it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from natter_client import Client, Synced
from natter_client.api import Http
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD, SWEEP_S
from tests.clients.python.ceiling import all_bounded

WEEK_S = 7 * 24 * 3600


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.user("ann"), server.user("ben")
        yield server


@contextlib.asynccontextmanager
async def socket_of(server: FakeServer) -> AsyncIterator[ClientConnection]:
    """Ann's."""
    async with Http(server.http_url) as http:
        session = await http.call("POST", "/v1/sessions", {"username": "ann", "password": PASSWORD})
        ticket = await http.call("POST", "/v1/tickets", token=session["access_token"])
    async with connect(ticket["url"]) as socket:
        yield socket


async def ask(socket: ClientConnection, frame: dict[str, Any]) -> dict[str, Any]:
    """The answer that names it."""
    await socket.send(json.dumps({"id": "asked", **frame}))
    while (answer := json.loads(await socket.recv())).get("id") != "asked":
        pass
    return dict(answer)


async def code_of_the_end(socket: ClientConnection) -> int:
    async for _ in socket:
        pass
    return socket.close_code or 0


@all_bounded
class TestConnections:
    async def test_they_end_when_they_are_idle(self, server: FakeServer) -> None:
        async with socket_of(server) as socket:
            server.advance(599)
            await socket.send(json.dumps({"action": "ping"}))  # which nobody answers
            while not server.received:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            server.advance(599)
            assert (await ask(socket, {"action": "ping"}))["type"] == "pong"
            server.advance(600)
            assert await code_of_the_end(socket) == 1001

    async def test_what_they_are_told_keeps_them(self, server: FakeServer) -> None:
        async with socket_of(server) as socket:
            chat = server.world.begin(server.world.names["ben"], [server.world.names["ann"]])[0]
            for _ in range(2):
                server.advance(599)
                server.say(server.world.users[server.world.names["ben"]], chat.conversation_id, "still there?")
                while json.loads(await socket.recv())["events"][0]["type"] != "message":
                    pass
            assert (await ask(socket, {"action": "ping"}))["type"] == "pong"

    async def test_they_end_after_two_hours_however_busy(self, server: FakeServer) -> None:
        async with socket_of(server) as socket:
            for _ in range(13):
                server.advance(550)
                assert (await ask(socket, {"action": "ping"}))["type"] == "pong"
            server.advance(7200 - 13 * 550)
            assert await code_of_the_end(socket) == 1001

    async def test_they_end_by_a_clock_that_nobody_advances(self) -> None:
        ahead_s = 0.0
        loop = asyncio.get_running_loop()
        async with FakeServer(now=lambda: loop.time() + ahead_s) as server:
            server.user("ann")
            async with socket_of(server) as socket:
                began, ahead_s = loop.time(), 600.0
                assert await code_of_the_end(socket) == 1001
                assert loop.time() - began < SWEEP_S + 10

    async def test_a_client_goes_on_and_has_all_that_was_said_meanwhile(
        self, server: FakeServer, tmp_path: Path
    ) -> None:
        """Its access token has ended, too."""
        async with Client(server.http_url, store=tmp_path / "ann.db", username="ann", password=PASSWORD) as ann:
            chat = await ann.direct("ben")
            await ann.synced()
            events = ann.events()
            server.advance(7200)
            server.say(server.world.users[server.world.names["ben"]], chat.conversation_id, "meanwhile")
            async for event in events:
                if isinstance(event, Synced):
                    break
            assert [message.text for message in chat.messages()] == ["meanwhile"]
            assert await (await chat.send("here again")).placed() == 3


@all_bounded
class TestClientIds:
    @pytest.mark.parametrize(("later_s", "texts"), [(WEEK_S - 60, ["first"]), (WEEK_S + 60, ["first", "again"])])
    async def test_they_are_known_for_a_week(self, server: FakeServer, later_s: float, texts: list[str]) -> None:
        chat = server.world.begin(server.world.names["ann"], [server.world.names["ben"]])[0].conversation_id

        async def send(text: str) -> None:
            message = {"client_id": "m1", "content": {"type": "text", "text": text}}
            async with socket_of(server) as socket:
                frame = {"action": "send", "conversation_id": chat, "messages": [message]}
                assert (await ask(socket, frame))["type"] == "ack"

        await send("first")
        server.advance(later_s)
        await send("again")
        assert server.texts(chat) == texts

    async def test_a_refusal_is_forgotten_then(self, server: FakeServer) -> None:
        ann, ben = (server.world.names[each] for each in ("ann", "ben"))
        chat = server.world.begin(ann, [ben])[0].conversation_id
        frame = {"action": "delete", "conversation_id": chat, "client_id": "d1", "target_seq": 2}

        async def is_refused() -> bool:
            async with socket_of(server) as socket:
                assert (await ask(socket, frame))["type"] == "ack"
            return bool(server.world.conversations[chat].log[-1]["type"] != "delete")

        assert await is_refused()
        server.say(server.world.users[ann], chat, "there now")
        assert await is_refused()
        server.advance(WEEK_S + 60)
        assert not await is_refused()
