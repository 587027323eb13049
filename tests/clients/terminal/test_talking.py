"""Two people talk, one of them in a terminal: by keys, against the fake cloud."""

from pathlib import Path

from textual.events import Paste
from textual.widgets import Input

from natter_client import Client
from natter_client.testing import FakeServer
from natter_terminal.widgets.history import History
from tests.clients.terminal.world import chatting, hides, history, shows, until


class TestTalking:
    async def test_what_is_said_is_shown_and_what_one_says_gets_its_states(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            server.say(ben, made.conversation_id, "Hello, Ann")
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await shows(pilot, "Hello, Ann")
                await until(pilot, lambda: any(line.startswith("Ben ") for line in history(app)))
                await pilot.press(*"Hi", "ctrl+j", *"Ben", "enter")
                await shows(pilot, "Ben ✓")
                assert server.texts(made.conversation_id) == ["Hello, Ann", "Hi\nBen"]
                async with Client(
                    server.http_url, store=tmp_path / "b.db", username="ben", password=ben.password
                ) as client:
                    await client.synced()
                    other = client.conversation(made.conversation_id)
                    await shows(pilot, "Ben ✓✓")
                    other.mark_read()
                    await shows(pilot, "Ben read")
                    other.keystroke()
                    await shows(pilot, "Ben types…")
                    await other.send("and a word")
                    await shows(pilot, "and a word")
                    await hides(pilot, "types…")
                    await shows(pilot, "Ben  online")
                await shows(pilot, "Ben  offline")

    async def test_what_one_has_on_the_screen_is_read(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            server.say(ben, made.conversation_id, "one")
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                member = made.member(ann.user_id)
                await until(pilot, lambda: member.read_seq == 2)
                app.app_focus = False
                server.say(ben, made.conversation_id, "two")
                await shows(pilot, "two")
                await shows(pilot, "1 unread")
                assert app.store.cursors(made.conversation_id)["unread"] == 1
                assert member.read_seq == 2
                app.app_focus = True
                assert app.chat is not None
                app.chat.read()
                await until(pilot, lambda: member.read_seq == 3)

    async def test_a_refusal_is_shown_at_the_message_and_taken_away(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await until(pilot, lambda: app.chat is not None and app.chat.conversation_id == made.conversation_id)
                server.refuse("send", "forbidden")
                await pilot.press(*"no", "enter")
                await shows(pilot, "not sent: scripted")
                await pilot.press("ctrl+up")
                await shows(pilot, "R send again  D away")
                await pilot.press("R")
                await shows(pilot, "no ✓")
                server.refuse("send", "forbidden")
                await pilot.press("escape", *"never", "enter")
                await shows(pilot, "not sent")
                await pilot.press("ctrl+up", "D")
                await hides(pilot, "never")
                assert server.texts(made.conversation_id) == ["no"]


class TestMessages:
    async def test_reply_react_edit_and_delete_by_keys(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            server.say(ben, made.conversation_id, "Lunch?")
            async with chatting(server, ann, tmp_path / "a.db") as (_app, pilot):
                await shows(pilot, "Lunch?")
                await pilot.press("ctrl+up", "r")
                await shows(pilot, "reply to Ben: Lunch?")
                await pilot.press(*"yes", "enter")
                await shows(pilot, "┃ Ben: Lunch?")
                await shows(pilot, "yes ✓")
                assert made.log[-1]["reply_to"] == 2
                await pilot.press("ctrl+up", "e")
                await pilot.press(*", gladly", "enter")
                await shows(pilot, "yes, gladly edited ✓")
                await pilot.press("ctrl+up", "up", "plus")
                await shows(pilot, "React with")
                await pilot.press("1")
                await shows(pilot, "[👍 1]")
                await until(pilot, lambda: made.states[2].reactions == {"👍": [ann.user_id]})
                await pilot.press("plus")
                await shows(pilot, "React with")
                await pilot.press("1")
                await hides(pilot, "[👍 1]")
                await pilot.press("down", "d")
                await shows(pilot, "deleted")
                await until(pilot, lambda: made.states[3].deleted_at is not None)

    async def test_mentions_are_completed_sent_and_marked(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben, eve = (server.user(name) for name in ("ann", "ben", "eve"))
            made, _ = server.world.begin(ben.user_id, [ann.user_id, eve.user_id], title="Team")
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await until(pilot, lambda: app.chat is not None and "Eve" in app.chat.composer.names)
                await pilot.press(*"ask @e")
                await shows(pilot, "Tab: @Eve")
                await pilot.press("tab", "enter")
                await shows(pilot, "ask @Eve")
                await until(pilot, lambda: made.log[-1].get("mentions") == [eve.user_id])

    async def test_what_was_written_before_comes_back(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            server.world.begin(ben.user_id, [ann.user_id])
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await until(pilot, lambda: app.chat is not None and app.chat.conversation is not None)
                assert app.chat is not None
                composer = app.chat.composer
                for word in ("one", "two"):
                    await pilot.press(*word, "enter")
                    await until(pilot, lambda: composer.text == "")
                await pilot.press(*"half", "up", "up")
                assert composer.text == "one"
                await pilot.press("down", "down")
                assert composer.text == "half"

    async def test_a_paste_cannot_bring_control_characters(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            _made, _ = server.world.begin(ben.user_id, [ann.user_id])
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await until(pilot, lambda: app.chat is not None and app.chat.conversation is not None)
                assert app.chat is not None
                app.post_message(Paste("a\x1b[31m\r\nb"))
                await until(pilot, lambda: app.chat is not None and app.chat.composer.text == "a[31m\nb")


class TestHistory:
    async def test_it_has_no_end_and_stays_where_one_is(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            made, _ = server.world.begin(ben.user_id, [ann.user_id])
            server.say(ben, made.conversation_id, *(f"word {number}" for number in range(1, 301)))
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await shows(pilot, "word 251")
                view = app.screen.query_one(History)
                view.focus()
                await pilot.press("end")
                await shows(pilot, "word 300")
                for _ in range(200):
                    await pilot.press("pageup")
                    if any("this is the beginning" in line for line in history(app)):
                        break
                await shows(pilot, "this is the beginning")
                before = history(app)
                server.say(ben, made.conversation_id, "while you were away")
                assert app.chat is not None
                await until(pilot, lambda: app.store.bounds(made.conversation_id)[3] == 302)  # type: ignore[index]
                await pilot.pause(0.1)
                assert history(app) == before
                await pilot.press("end")
                await shows(pilot, "while you were away")


class TestFiles:
    async def test_one_is_sent_by_its_path_and_saved_by_a_key(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            ann, ben = server.user("ann"), server.user("ben")
            server.world.begin(ben.user_id, [ann.user_id])
            (tmp_path / "cat.txt").write_text("meow")
            (tmp_path / "out").mkdir()
            async with chatting(server, ann, tmp_path / "a.db") as (app, pilot):
                await until(pilot, lambda: app.chat is not None and app.chat.conversation is not None)
                await pilot.press(*"look", "ctrl+o")
                await shows(pilot, "Send which file?")
                app.screen.query_one(Input).value = str(tmp_path / "cat.txt")
                await pilot.press("enter")
                await shows(pilot, "[file] cat.txt, 4 B")
                await shows(pilot, "look ✓")
                await pilot.press("escape", "ctrl+up", "s")
                await shows(pilot, "Save cat.txt, 4 B where?")
                app.screen.query_one(Input).value = str(tmp_path / "out")
                await pilot.press("enter")
                await until(pilot, (tmp_path / "out" / "cat.txt").exists)
                await pilot.press("escape", "ctrl+o")
                await shows(pilot, "Send which file?")
                await pilot.press(*"/nowhere/x", "enter")
                await until(pilot, lambda: any("x: [Errno 2]" in each.message for each in app._notifications))
