"""The client for scripts without asyncio, and the command line: from threads and processes of their own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from natter_client import BadCredentials, MessageReceived, sync
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD

CEILING_S = 60.0
SOURCES = Path(sys.modules["natter_client"].__path__[0]).parent


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.user("ann"), server.user("ben")
        yield server


def of(server: FakeServer, name: str, folder: Path) -> sync.Client:
    return sync.Client(
        server.http_url, store=folder / f"{name}.db", username=name, password=PASSWORD, timeout_s=CEILING_S
    )


class TestSync:
    async def test_two_talk(self, server: FakeServer, tmp_path: Path) -> None:
        def talk() -> list[str]:
            with of(server, "ann", tmp_path) as ann, of(server, "ben", tmp_path) as ben:
                ben.synced()
                chat = ann.direct("ben")
                events = ben.events("reader")
                sent = chat.send("Hello, Ben")
                assert sent.placed() == 2
                sent.delivered()
                seq = next(event.message.seq for event in events if isinstance(event, MessageReceived))
                ben.conversation(chat.conversation_id).react(seq, "👍").placed()
                events.close()
                return [message.text for message in chat.messages()]

        server.world.begin(server.world.names["ann"], [server.world.names["ben"]])
        assert await asyncio.to_thread(talk) == ["Hello, Ben"]

    async def test_errors_come_out(self, server: FakeServer, tmp_path: Path) -> None:
        def sign_in() -> None:
            with sync.Client(server.http_url, store=tmp_path / "x.db", username="ann", password="wrong, and long"):
                pass

        with pytest.raises(BadCredentials):
            await asyncio.to_thread(sign_in)


class Commands:
    """`natter-client` as its users start it."""

    def __init__(self, server: FakeServer, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "PYTHONUTF8": "1",
            "NATTER_URL": server.http_url,
            "NATTER_USER": "ann",
            "NATTER_PASSWORD": PASSWORD,
        }
        self._folder = folder

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        code = "import sys; from natter_client.cli import main; sys.exit(main())"
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, "--store", str(self._folder / "cli.db"), *arguments),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, text: str = "") -> tuple[int | None, list[str], str]:
        process = await self.start(*arguments)
        async with asyncio.timeout(CEILING_S):
            out, error = await process.communicate(text.encode())
        return process.returncode, out.decode().splitlines(), error.decode()


class TestCommands:
    async def test_send_tail_and_export(self, server: FakeServer, tmp_path: Path) -> None:
        commands = Commands(server, tmp_path)
        tail = await commands.start("tail", "--consumer", "test")
        assert tail.stdout is not None
        async with asyncio.timeout(CEILING_S):
            while json.loads(await tail.stdout.readline())["type"] != "Synced":
                pass
        status, lines, error = await commands.run("send", "--to", "ben", text="one\n\ntwo ä\n")
        assert (status, [json.loads(line)["seq"] for line in lines], error) == (0, [2, 3], "")
        texts: list[str] = []
        async with asyncio.timeout(CEILING_S):
            while texts != ["one", "two ä"]:
                event = json.loads(await tail.stdout.readline())
                texts += [event["message"]["text"]] if event["type"] == "MessageReceived" else []
        tail.terminate()
        _, said = await tail.communicate()
        assert (tail.returncode, said) == (143, b"")
        status, lines, _ = await commands.run("export")
        assert [json.loads(line)["type"] for line in lines] == ["conversation_created", "message", "message"]
        assert (await commands.run("ticket"))[1][0].startswith(server.websocket_url)

    async def test_an_error_says_what_to_do(self, server: FakeServer, tmp_path: Path) -> None:
        status, lines, error = await Commands(server, tmp_path).run("send", "--to", "nobody", text="x")
        assert (status, lines) == (1, [])
        assert error == "natter-client: not_found: username: nobody (look whether it is there, and readable)\n"
