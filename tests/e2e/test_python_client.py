"""The Python SDK as its users have it: two of them talk, and one is away."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from natter_client import Synced
from tests.support.api import Api
from tests.support.sdk import client_of, received
from tests.support.socket import message

CEILING_S = 120.0
"""Only against hangs."""
MOST_CONNECTIONS = 20


class Line:
    """The way to the API, which can be cut: tickets are fetched over it, so without it there is no socket either."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.is_cut = False

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        """Its near end's URL."""
        server = await asyncio.start_server(self._carry, "127.0.0.1")
        async with server:
            yield self._to._replace(netloc=f"127.0.0.1:{server.sockets[0].getsockname()[1]}").geturl()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_cut:
            far_reader, far_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer), return_exceptions=True)
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    finally:
        writer.close()


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

    async def test_files_go_and_come(self, api: Api, tmp_path: Path) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        cat = tmp_path / "Жуки & \N{CAT FACE}.png"
        cat.write_bytes(os.urandom(3_000_000))
        async with (
            asyncio.timeout(CEILING_S),
            client_of(alice, tmp_path) as phone,
            client_of(bob, tmp_path) as tablet,
        ):
            await asyncio.gather(phone.synced(), tablet.synced())
            chat = await phone.direct(bob.username)
            hearing = asyncio.create_task(received(tablet, "look"))
            told: list[int] = []
            await chat.send_file(cat, text="look", progress=lambda done, _: told.append(done))
            attachment = (await hearing).attachment
            assert attachment is not None
            (tmp_path / "saved").mkdir()
            saved = await tablet.save_attachment(attachment, tmp_path / "saved")
            assert (saved.name, saved.read_bytes()) == (cat.name, cat.read_bytes())
            assert (await tablet.attachment_details(attachment)).content_type == "image/png"
            assert (told[0], told[-1]) == (0, 3_000_000)

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

    async def test_its_place_is_known_although_too_much_was_missed(self, api: Api, tmp_path: Path) -> None:
        """It is in the log, no answer came, and more was said then than sync brings: it is not held."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        line = Line(alice.api.url)
        async with asyncio.timeout(CEILING_S), line.laid() as url:
            async with client_of(alice, tmp_path, url) as phone:
                await phone.synced()
                chat = await phone.direct(bob.username)
                while not chat.events():
                    await phone.watcher(chat.conversation_id).wait()
            line.is_cut = True
            async with client_of(alice, tmp_path, url) as phone:
                client_id = phone.conversation(chat.conversation_id).write("long ago").client_id
            line.is_cut = False
            await (await alice.connect()).say(chat.conversation_id, message("long ago", client_id))
            socket = await bob.connect()
            for _ in range(3):
                await socket.say(chat.conversation_id, *(f"number {number}" for number in range(17)))
            await socket.reach(chat.conversation_id, 2 + 3 * 17)
            async with client_of(alice, tmp_path, url) as phone:
                chat = phone.conversation(chat.conversation_id)
                sent = chat.write("long ago", client_id=client_id)
                await phone.synced()
                assert (await sent.placed(), chat.message(2)) == (2, None)
                await sent.delivered()

    async def test_what_is_written_offline_arrives_once_and_in_order(self, api: Api, tmp_path: Path) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        texts = [f"number {number}" for number in range(20)]
        line = Line(alice.api.url)
        async with asyncio.timeout(CEILING_S), line.laid() as url:
            async with client_of(alice, tmp_path, url) as phone:
                chat = (await phone.direct(bob.username)).conversation_id
                await phone.synced()
            line.is_cut = True
            async with client_of(alice, tmp_path, url) as phone:
                written = [phone.conversation(chat).write(text).client_id for text in texts]
            line.is_cut = False
            async with client_of(alice, tmp_path, url) as phone:
                for client_id, text in zip(written, texts, strict=True):
                    await phone.conversation(chat).write(text, client_id=client_id).placed()
        messages = [event for event in await bob.history(chat) if event["type"] == "message"]
        assert [(event["client_id"], event["content"]["text"]) for event in messages] == list(
            zip(written, texts, strict=True)
        )
