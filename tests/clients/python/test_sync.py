"""The client for scripts without asyncio, and the command line: from threads and processes of their own."""

import asyncio
import json
import os
import signal
import sqlite3
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

    async def test_what_ends_the_client_comes_out_of_every_call(self, server: FakeServer, tmp_path: Path) -> None:
        def break_it() -> None:
            with of(server, "ann", tmp_path) as ann:
                ann.synced()
                events = ann.events()
                ann.do(ann._client.store.close)
                with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                    list(events)
                ann.synced()

        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            await asyncio.to_thread(break_it)

    async def test_outside_its_context_there_is_no_call(self, server: FakeServer, tmp_path: Path) -> None:
        ann = of(server, "ann", tmp_path)
        with pytest.raises(RuntimeError, match="within its context"):
            ann.synced()
        ann._loop.close()

    async def test_it_takes_back_and_pages(self, server: FakeServer, tmp_path: Path) -> None:
        def offline() -> tuple[bool, str, int]:
            with of(server, "ann", tmp_path) as ann:
                ann.synced()
                chat = ann.direct("ben")
                chat.load_older()
                server.swallow("send", times=99, carried_out=False)
                chat.write("under way")
                sent = chat.write("waits for it")
                waiting = len(chat.unsent())
                return sent.cancel(), sent.state, waiting

        assert await asyncio.to_thread(offline) == (True, "cancelled", 2)


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
        # whoever is started in the background of a shell is born deaf to SIGINT, and so are their children
        hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        code = f"{hears}; import sys; from natter_client.cli import main; sys.exit(main())"
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

    async def test_files_are_sent_and_saved(self, server: FakeServer, tmp_path: Path) -> None:
        commands = Commands(server, tmp_path)
        cat, dog = tmp_path / "cat.png", tmp_path / "dog.png"
        cat.write_bytes(b"a cat"), dog.write_bytes(b"a dog")
        send = ("send", "--to", "ben", "--file", str(cat), "--file", str(dog), "--text", "look")
        status, lines, error = await commands.run(*send)
        assert (status, [json.loads(line)["seq"] for line in lines], error) == (0, [2, 3], "")
        events = [json.loads(line) for line in (await commands.run("export"))[1]]
        assert [event["content"].get("text") for event in events[1:]] == ["look", None]
        (tmp_path / "saved").mkdir()
        chat, attachment = events[2]["conversation_id"], events[2]["content"]["attachment_id"]
        status, lines, error = await commands.run("save", "--in", chat, attachment, str(tmp_path / "saved"))
        assert (status, json.loads(lines[0]), error) == (0, {"saved": str(tmp_path / "saved" / "dog.png")}, "")
        assert (tmp_path / "saved" / "dog.png").read_bytes() == b"a dog"
        status, _, error = await commands.run("send", "--to", "ben", "--file", str(tmp_path / "nothing.png"))
        assert (status, "nothing.png" in error) == (1, True)
        status, _, error = await commands.run("send", "--to", "ben", "--file", str(tmp_path))
        assert (status, error.startswith("natter-client: file_refused: ")) == (1, True)
        status, _, error = await commands.run("send", "--to", "ben", "--text", "look", text="lines")
        assert (status, "--file" in error) == (1, True)

    async def test_ctrl_c_ends_it_while_standard_input_is_open(self, server: FakeServer, tmp_path: Path) -> None:
        send = await Commands(server, tmp_path).start("send", "--to", "ben")
        assert send.stdin is not None
        send.stdin.write(b"said\nnot ended")
        async with asyncio.timeout(CEILING_S):
            while not any(server.texts(each) for each in server.world.conversations):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            send.send_signal(signal.SIGINT)
            assert await send.wait() == 130

    async def test_an_error_says_what_to_do(self, server: FakeServer, tmp_path: Path) -> None:
        status, lines, error = await Commands(server, tmp_path).run("send", "--to", "nobody", text="x")
        assert (status, lines) == (1, [])
        assert error == "natter-client: not_found: username: nobody (look whether it is there, and readable)\n"
