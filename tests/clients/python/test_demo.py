"""The demo, and a bot in its place, against the fake cloud."""

import asyncio
import contextlib

import pytest

from clients.bots.running import beside
from clients.demo import __main__ as demo
from natter_client.testing import FakeServer
from tests.clients.python.ceiling import CEILING_S


async def test_all_that_is_said_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    async with asyncio.timeout(CEILING_S), FakeServer() as server:
        await demo.demonstrate(server.outputs)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert [line[9:60].strip() for line in said[: len(demo.TALK)]] == [words for _, words in demo.TALK]
    assert [line.strip() for line in said[-2:]] == [f"Alice: {words}" for words in demo.MISSED]


async def test_what_does_not_arrive_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DELIVERY_S", 2.0)
    async with asyncio.timeout(CEILING_S), FakeServer() as server:
        server.swallow("send", times=100, carried_out=False)
        with pytest.raises(demo.DemoFailed, match="Alice's message does not arrive within 2 s"):
            await demo.demonstrate(server.outputs)


async def test_a_bot_serves_and_it_is_said_how_to_talk_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    async with asyncio.timeout(CEILING_S), FakeServer() as server:
        serving = asyncio.create_task(beside(server.outputs, "oncall"))
        while "tail" not in (out := capsys.readouterr().out):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        robot, you = (next(each for each in server.world.names if each.startswith(kind)) for kind in ("oncall", "you"))
        assert f"send --to {robot}" in out
        chat, _ = server.world.begin(server.world.names[you], [server.world.names[robot]])
        server.say(server.world.users[server.world.names[you]], chat.conversation_id, "!oncall")
        while len(texts := server.texts(chat.conversation_id)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert texts[1].startswith("Nobody is on call")
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def test_no_such_bot() -> None:
    with pytest.raises(ModuleNotFoundError):
        await beside({"HttpUrl": "http://127.0.0.1:1"}, "nothing")
