"""The bot that ships, and what a bot is promised."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clients.bots.echo.__main__ import bot as echo
from natter_client import Client
from natter_client.bots import Bot, Context
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD

CEILING_S = 60.0


class Stage:
    """Ann, who writes, and a bot in one conversation."""

    def __init__(self, server: FakeServer, folder: Path) -> None:
        self.server = server
        self.ann = server.user("ann")
        self.robot = server.user("robot")
        self.chat = server.world.begin(self.ann.user_id, [self.robot.user_id])[0].conversation_id
        self._store = folder / "robot.db"

    @contextlib.asynccontextmanager
    async def serving(self, bot: Bot) -> AsyncIterator[None]:
        async with Client(self.server.http_url, store=self._store, username="robot", password=PASSWORD) as client:
            task = asyncio.create_task(bot.serve(client))
            await client.synced()
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def say(self, *texts: str) -> None:
        self.server.say(self.ann, self.chat, *texts)

    async def answers(self, count: int, chat: str | None = None) -> list[str]:
        log = self.server.world.conversations[chat or self.chat].log
        async with asyncio.timeout(CEILING_S):
            while True:
                said = [event for event in log if event["type"] == "message" and event["sender_id"] != self.ann.user_id]
                if len(said) >= count:
                    return [event["content"]["text"] for event in said]
                await asyncio.sleep(0.01)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeServer() as server:
        yield Stage(server, tmp_path)


class TestEcho:
    async def test_it_answers(self, stage: Stage) -> None:
        stage.say("!echo said before it came")
        async with stage.serving(echo):
            stage.say("!echo hello", "not to you", "!echo", "!count")
            assert await stage.answers(3) == ["hello", "What?", "2"]
            stage.say("!help")
            assert "!echo  says it again" in (await stage.answers(4))[-1]


class TestBot:
    async def test_the_same_place_in_two_conversations_is_answered_in_both(self, stage: Stage) -> None:
        world = stage.server.world
        group, _ = world.begin(stage.ann.user_id, [stage.robot.user_id], title="Lobby")
        async with stage.serving(echo):
            stage.say("!echo here")
            stage.server.say(stage.ann, group.conversation_id, "!echo there")
            assert await stage.answers(1) == ["here"]
            assert await stage.answers(1, group.conversation_id) == ["there"]

    async def test_what_came_while_it_was_away_is_answered_once(self, stage: Stage) -> None:
        async with stage.serving(echo):
            stage.say("!echo one")
            await stage.answers(1)
        stage.say("!echo two")
        async with stage.serving(echo):
            stage.say("!echo three")
            assert await stage.answers(3) == ["one", "two", "three"]

    async def test_a_handler_that_was_interrupted_does_it_again_and_answers_once(self, stage: Stage) -> None:
        bot, done = Bot(), asyncio.Event()

        @bot.command("work")
        async def work(context: Context, _: str) -> None:
            await context.reply("began")
            done.set()
            if "again" not in context.state:
                context.state["again"] = True
                await asyncio.Event().wait()
            await context.reply("ended")

        async with stage.serving(bot):
            stage.say("!work")
            await done.wait()
        async with stage.serving(bot):
            assert await stage.answers(2) == ["began", "ended"]

    async def test_one_that_fails_stops_nobody(self, stage: Stage) -> None:
        bot, failures = Bot(), list[str]()

        @bot.command("fail")
        async def fail(_: Context, words: str) -> None:
            raise ValueError(words)

        @bot.command("echo", cooldown_s=1000)
        async def said(context: Context, words: str) -> None:
            await context.reply(words)

        @bot.error
        async def failed(_: Context, error: Exception) -> None:
            failures.append(str(error))

        async with stage.serving(bot):
            stage.say("!fail on purpose", "!echo first", "!echo too soon")
            assert await stage.answers(1) == ["first"]
        assert failures == ["on purpose"]
