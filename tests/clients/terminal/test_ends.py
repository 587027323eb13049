"""How sessions and conversations begin and end, and two windows of one person."""

from pathlib import Path

from textual.widgets import Input

from natter_client.testing import FakeServer
from natter_terminal.app import NatterApp
from natter_terminal.widgets.conversations import Conversations
from tests.clients.terminal.world import chatting, hides, lines_of, shows, until


class TestSessions:
    async def test_a_wrong_password_is_asked_for_again_and_an_ended_session_too(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            server.say(ben, made.conversation_id, "Hello, Ann")
            app = NatterApp(tmp_path / "a.db", url=server.http_url, username="ann")
            async with app.run_test(size=(80, 24)) as pilot:
                await shows(pilot, "Sign in to Natter")
                app.screen.query_one("#password", Input).value = "a wrong one"
                await pilot.press("enter")
                await shows(pilot, "bad_credentials")
                app.screen.query_one("#password", Input).value = ann.password
                await pilot.press("enter")
                await shows(pilot, "Hello, Ann")
                await pilot.press(*"half", "ctrl+f")
                server.world.end(next(iter(server.world.sessions.values())))
                await shows(pilot, "signed_out")
                app.screen.query_one("#password", Input).value = ann.password
                await pilot.press("enter")
                await shows(pilot, "Hello, Ann")
                assert app.chat is not None
                assert app.chat.composer.text == "half"

    async def test_a_second_window_follows_the_first(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            async with chatting(server, ann, tmp_path / "a.db") as (first, pilot):
                await until(pilot, lambda: first.chat is not None and first.chat.conversation_id is not None)
                second = NatterApp(tmp_path / "a.db", url=server.http_url)
                async with second.run_test(size=(80, 24)) as other:
                    await shows(other, "through another window")
                    await other.press(*"hi", "enter")
                    await until(pilot, lambda: server.texts(made.conversation_id) == ["hi"])
                    await shows(other, "hi ✓")
                    server.say(ben, made.conversation_id, "hello both")
                    await shows(other, "hello both")
                    await shows(pilot, "hello both")


class TestConversations:
    async def test_one_is_begun_by_name_and_nobody_is_said(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, _ = server.user("ann"), server.user("ben")
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                assert app.chat is not None
                app.chat.action_begin()
                await shows(pilot, "With whom?")
                await pilot.press(*"nobody", "enter")
                await until(pilot, lambda: any("not_found" in each.message for each in app._notifications))
                app.chat.action_begin()
                await shows(pilot, "With whom?")
                await pilot.press(*"ben", "enter")
                await shows(pilot, "Ben  offline")

    async def test_one_that_is_left_goes_and_one_that_is_muted_is_no_news(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            team, _ = server.world.begin(ben.user_id, [ann.user_id], title="Team")
            direct, _ = server.world.begin(ben.user_id, [ann.user_id])
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await shows(pilot, "# Team")
                assert app.chat is not None
                app.chat.open(direct.conversation_id)
                app.chat.action_mute()
                await until(pilot, lambda: "muted_until" in direct.members[ann.user_id].settings)
                app.chat.open(team.conversation_id)
                server.say(ben, direct.conversation_id, "psst")
                await until(pilot, lambda: lines_of(app.screen.query_one(Conversations))[0].split()[-1] == "1")
                await hides(pilot, "1 unread")
                request = app.chat.natter.live.client
                assert request is not None
                await request.request("DELETE", f"/v1/conversations/{team.conversation_id}/members/{ann.user_id}")
                await hides(pilot, "# Team")
                await shows(pilot, "no conversation is open")
