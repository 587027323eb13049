"""What is on this device is shown at once, without a connection, and it says so."""

from pathlib import Path

from natter_terminal.inbox import Inbox
from natter_terminal.widgets.conversations import Conversations
from natter_terminal.widgets.history import History
from tests.clients.terminal.world import Kept, alone, history, lines_of, said, shows, until


def a_few(path: Path) -> Path:
    kept = Kept(path)
    kept.direct("c-ben", "ben", said(1, "hello"), said(2, "are you there?", at=said(1, "")["at"] + 1), unread=2)
    kept.group("c-team", "Team \x1b[31mred", said(1, "日本語 and 👍🏽", "eve", at=said(1, "")["at"] + 5))
    kept.opened("c-team")
    kept.close()
    return path


class TestOffline:
    async def test_the_list_has_unread_first_and_the_status_says_offline(self, tmp_path: Path) -> None:
        app = alone(a_few(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "OFFLINE")
            assert [line.split() for line in lines_of(app.screen.query_one(Conversations))[:2]] == [
                ["Ben", "2"],
                ["#", "Team", "␛[31mred"],
            ]
            assert history(app)[0].strip().startswith("this is the beginning")

    async def test_another_is_opened_by_keys_and_by_the_mouse(self, tmp_path: Path) -> None:
        app = alone(a_few(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "日本語 and 👍")
            app.screen.query_one(Conversations).focus()
            await pilot.press("up", "enter")
            await shows(pilot, "are you there?")
            await until(pilot, lambda: "2" not in lines_of(app.screen.query_one(Conversations))[1])
            await pilot.click(Conversations, offset=(3, 0))
            await shows(pilot, "日本語 and 👍")

    async def test_what_one_writes_waits_and_the_draft_stays(self, tmp_path: Path) -> None:
        path = a_few(tmp_path / "a.db")
        app = alone(path)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.chat is not None and app.chat.conversation is not None)
            await pilot.press(*"later", "enter")
            await shows(pilot, "later …")
            await shows(pilot, "1 unsent")
            await pilot.press(*"half")
            await until(pilot, lambda: app.book.draft("c-team") == "half")
        again = alone(path)
        async with again.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "later …")
            assert again.chat is not None
            assert again.chat.composer.text == "half"

    async def test_a_drawing_that_is_due_when_the_screen_is_closed_draws_nothing(self, tmp_path: Path) -> None:
        """Its timer may run out when the parts of the screen are gone already."""
        app = alone(a_few(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "日本語 and 👍")
            chat = app.chat
        assert chat is not None
        assert not chat.query("#filter")
        chat._draw()

    async def test_nothing_but_the_screen_before_there_is_a_session(self, tmp_path: Path) -> None:
        app = alone(tmp_path / "a.db", url="http://127.0.0.1:9")
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "Sign in to Natter")
            await pilot.press(*"ann", "enter", *"secret", "enter")
            await shows(pilot, "unreachable")


class TestHistory:
    async def test_what_is_on_the_screen_stays_there_when_more_is_read(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path / "a.db")
        kept.direct("c", "ben", *(said(seq, f"word {seq}") for seq in range(1, 200)))
        kept.close()
        app = alone(tmp_path / "a.db")
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "word 199")
            view = app.screen.query_one(History)
            view.focus()
            await pilot.press("pageup")
            before = history(app)
            assert view.reader is not None
            assert view.reader.older()
            view.reload()
            assert history(app) == before
            assert not view.follows


class TestInbox:
    def test_archived_ones_are_last_and_words_choose(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path / "a.db")
        kept.direct("x", "ben", said(1, "a", at=5))
        kept.direct("y", "eve", said(1, "a", at=9))
        kept._store.put_settings("y", {"archived": True})
        inbox = Inbox(kept._store, kept._book)
        inbox.read_all(0)
        assert [each.title for each in inbox.entries()] == ["Ben", "Eve"]
        assert [each.title for each in inbox.entries("eV")] == ["Eve"]
        kept._store.drop("x")
        inbox.read("x", 0)
        assert [each.title for each in inbox.entries()] == ["Eve"]
        kept.close()
