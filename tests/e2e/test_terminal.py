"""The terminal client as somebody has it: in a terminal of 80x24, by keys alone, with somebody else on the SDK."""

import asyncio
import sys
from pathlib import Path

from tests.support.api import Api
from tests.support.sdk import client_of, received
from tests.support.tmux import tmux

CEILING_S = 240.0
"""Only against hangs."""
COMMAND = (sys.executable, "-c", "from natter_terminal.cli import main; raise SystemExit(main())", "chat")


class TestTerminal:
    async def test_somebody_signs_in_talks_and_comes_back(self, api: Api, tmp_path: Path) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        store = tmp_path / "a.db"
        with tmux(tmp_path) as terminal:
            async with asyncio.timeout(CEILING_S), client_of(bob, tmp_path) as other:
                await other.synced()
                hearing = asyncio.create_task(received(other, "By keys alone"))
                chat = await other.direct(alice.username)
                greeting = await (await chat.send("Hello 👋🏽 日本 🇨🇭")).placed()
                env = {"NATTER_URL": alice.api.url, "NATTER_USER": alice.username}
                terminal.start([*COMMAND, "--store", str(store)], size=(80, 24), env=env)
                await terminal.shows("Sign in to Natter")
                terminal.type(alice.api.password)
                terminal.keys("Enter")
                await terminal.shows("Hello 👋 日本 [CH]")
                await terminal.shows(": online")
                terminal.type("By keys alone")
                terminal.keys("Enter")
                message = await hearing
                assert message.sender_id == other.conversation(chat.conversation_id).messages()[-1].sender_id
                await terminal.shows("By keys alone ✓✓")
                chat.mark_read()
                await terminal.shows("By keys alone read")
                terminal.keys("C-Up")
                await terminal.shows("e edit")
                terminal.keys("Up", "+")
                await terminal.shows("React with")
                terminal.keys("1")
                await terminal.shows("[👍 1]")
                while (shown := chat.message(greeting or 0)) is None or not shown.reactions:
                    await other.watcher(chat.conversation_id).wait()
                terminal.keys("C-q")
                await terminal.ended()
                terminal.run("respawn-pane", *COMMAND, "--store", str(store))
                await terminal.shows("By keys alone read")
                await terminal.shows(": online")
