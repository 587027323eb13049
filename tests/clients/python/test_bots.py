"""The bot that ships, and what a bot is promised."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clients.bots.echo.__main__ import bot as echo
from clients.bots.oncall.__main__ import bot as oncall
from natter_client import Client, HistorySkipped, ReactionChanged, SignedOut
from natter_client.bots import Bot, Context
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD

CEILING_S = 60.0


class Serving:
    def __init__(self, client: Client, task: asyncio.Task[None]) -> None:
        self._client, self.task = client, task

    @property
    def is_signed_out(self) -> bool:
        return self._client.store.get("tokens") is None


class Stage:
    """Ann, who writes, and a bot in one conversation."""

    def __init__(self, server: FakeServer, folder: Path) -> None:
        self.server = server
        self.ann = server.user("ann")
        self.robot = server.user("robot")
        self.chat = server.world.begin(self.ann.user_id, [self.robot.user_id])[0].conversation_id
        self._store = folder / "robot.db"

    @contextlib.asynccontextmanager
    async def serving(self, bot: Bot) -> AsyncIterator["Serving"]:
        async with Client(self.server.http_url, store=self._store, username="robot", password=PASSWORD) as client:
            task = asyncio.create_task(bot.serve(client))
            await client.synced()
            try:
                yield Serving(client, task)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, SignedOut):
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


class TestOnCall:
    async def test_it_hands_over_and_remembers(self, stage: Stage) -> None:
        """Also in its next life."""
        async with stage.serving(oncall):
            stage.say("!oncall", "!rota ann ben ann cem", "!handover", "!handover dan", "!oncall")
            assert await stage.answers(5) == [
                "Nobody is on call. Begin with !rota NAME NAME …",
                "ann → ben → cem. ann is on call",
                "ben is on call",
                "dan is not in the rota.",
                "ben is on call",
            ]
        oncall._used.clear()
        async with stage.serving(oncall):
            stage.say("!handover cem", "!handovers", "!rota")
            after, handovers, rota = (await stage.answers(8))[5:]
        assert (after, rota) == ("cem is on call", "ann → ben → cem. cem is on call")
        assert [line.split()[-1] for line in handovers.splitlines()] == ["ben", "cem"]

    async def test_each_conversation_has_its_own(self, stage: Stage) -> None:
        group, _ = stage.server.world.begin(stage.ann.user_id, [stage.robot.user_id], title="Lobby")
        async with stage.serving(oncall):
            stage.say("!rota ann")
            await stage.answers(1)
            stage.server.say(stage.ann, group.conversation_id, "!oncall")
            assert (await stage.answers(1, group.conversation_id))[0].startswith("Nobody")


class TestBot:
    async def test_what_a_handler_that_raises_has_changed_is_not_kept(self, stage: Stage) -> None:
        bot = Bot()

        @bot.command("add")
        async def add(context: Context, words: str) -> None:
            context.state["sum"] = context.state.get("sum", 0) + int(words)
            if context.state["sum"] > 2:
                raise ValueError
            await context.reply(str(context.state["sum"]))

        async with stage.serving(bot):
            stage.say("!add 1", "!add 5", "!add 1")
            assert await stage.answers(2) == ["1", "2"]

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
            context.state["turns"] = context.state.get("turns", 0) + 1
            if not done.is_set():
                done.set()
                await asyncio.Event().wait()
            await context.reply(f"ended, as turn {context.state['turns']}")

        async with stage.serving(bot):
            stage.say("!work")
            await done.wait()
        async with stage.serving(bot):
            assert await stage.answers(2) == ["began", "ended, as turn 1"]

    async def test_each_reaction_is_answered(self, stage: Stage) -> None:
        bot, world = Bot(), stage.server.world
        cem = stage.server.user("cem")
        group, _ = world.begin(stage.ann.user_id, [stage.robot.user_id, cem.user_id], title="Lobby")

        @bot.command("echo")
        async def said(context: Context, words: str) -> None:
            await context.reply(words)

        @bot.reaction
        async def thanks(context: Context, event: ReactionChanged) -> None:
            await context.reply(f"{event.user_id} reacted")

        async with stage.serving(bot):
            stage.server.say(stage.ann, group.conversation_id, "!echo hello")
            await stage.answers(1, group.conversation_id)
            for user in (stage.ann, cem):
                fields = {"client_id": user.user_id, "target_seq": 2, "reaction": "👍"}
                world.publish(group, group.decide("reaction", user.user_id, world.now_ms(), fields)[0])
            answers = await stage.answers(3, group.conversation_id)
            assert answers == ["hello", f"{stage.ann.user_id} reacted", f"{cem.user_id} reacted"]

    async def test_what_was_not_handled_when_the_session_ended_is_handled_in_the_next(self, stage: Stage) -> None:
        bot, failures, began, end = Bot(), list[Exception](), asyncio.Event(), asyncio.Event()

        @bot.command("work")
        async def work(context: Context, words: str) -> None:
            began.set()
            await end.wait()
            await context.reply(words)

        @bot.error
        async def failed(_: Context, error: Exception) -> None:
            failures.append(error)

        async with stage.serving(bot) as serving:
            stage.say("!work one", "!work two", "!work three")
            await began.wait()
            for session in list(stage.server.world.sessions.values()):
                stage.server.world.end(session)
            async with asyncio.timeout(CEILING_S):
                while not serving.is_signed_out:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                end.set()
                with pytest.raises(SignedOut):
                    await serving.task
        async with stage.serving(bot):
            assert await stage.answers(3) == ["one", "two", "three"]
        assert failures == []

    async def test_it_is_told_of_what_was_skipped(self, stage: Stage) -> None:
        bot, skipped = Bot(), list[int]()

        @bot.skipped
        async def told(_: Context, event: HistorySkipped) -> None:
            skipped.append(event.from_seq)

        @bot.command("echo")
        async def said(context: Context, words: str) -> None:
            await context.reply(words)

        async with stage.serving(bot):
            pass
        stage.say(*(f"{number}" for number in range(59)), "!echo last")
        async with stage.serving(bot):
            assert await stage.answers(1) == ["last"]
        assert skipped == [12]

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
